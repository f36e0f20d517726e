import WaveSurfer from "wavesurfer.js";

const app = document.querySelector<HTMLElement>("#app");
const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";
if (app) WaveSurfer.create({ container: app, cspNonce: nonce });
