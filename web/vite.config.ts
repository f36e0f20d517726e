import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";

/** Where the server looks for the page. */
const PAGE = resolve(import.meta.dirname, "../src/affetto/server/page");

/** Where it is built: a build that is ended halfway leaves the page of before. */
const PART = `${PAGE}.part`;

const SERVER = "http://127.0.0.1:8723";

/** What is packed of the requests' page, from swagger-ui-dist. */
const SWAGGER = resolve(import.meta.dirname, "node_modules/swagger-ui-dist");

interface Package {
  name: string;
  version: string;
  identifier: string;
  text: string;
}

function read(...parts: string[]): string {
  return readFileSync(join(...parts), "utf8");
}

/** The page of the requests isn't bundled, so Vite knows nothing of its licences. */
function swagger(): Package {
  const about = JSON.parse(read(SWAGGER, "package.json"));
  const texts = ["NOTICE", "LICENSE", "swagger-ui-bundle.js.LICENSE.txt"];
  return {
    name: about.name,
    version: about.version,
    identifier: about.license,
    text: texts.map((name) => read(SWAGGER, name).trim()).join("\n\n"),
  };
}

function notices(packages: Package[]): string {
  const line = "-".repeat(80);
  const parts = packages.map(
    ({ name, version, identifier, text }) =>
      `${line}\n${name} ${version} (${identifier})\n${line}\n\n${text.trim()}\n`,
  );
  return ["This page contains the following parts of others.\n", ...parts].join("\n");
}

/** Add the page of the requests and the notices, and put the whole where the server looks. */
function complete(): Plugin {
  let failed = false;
  return {
    name: "affetto:complete",
    apply: "build",
    enforce: "post",
    buildEnd(error) {
      failed = error !== undefined;
    },
    closeBundle: {
      order: "post",
      sequential: true,
      handler() {
        if (failed) return;
        for (const name of ["swagger-ui-bundle.js", "swagger-ui.css"]) {
          copyFileSync(join(SWAGGER, name), join(PART, "docs", name));
        }
        const bundled: Package[] = JSON.parse(read(PART, "licences.json"));
        rmSync(join(PART, "licences.json"));
        writeFileSync(join(PART, "NOTICES.txt"), notices([...bundled, swagger()]));
        rmSync(PAGE, { recursive: true, force: true });
        renameSync(PART, PAGE);
      },
    },
  };
}

export default defineConfig({
  base: "./", // a proxy may serve the page below a path of its own
  build: {
    outDir: PART,
    emptyOutDir: true,
    assetsInlineLimit: 0, // the page's policy takes no script out of an address
    license: { fileName: "licences.json" },
  },
  html: { cspNonce: "NONCE-OF-THE-ANSWER" }, // affetto.server.page puts a new one into each answer
  plugins: [complete()],
  server: {
    // `npm run dev` beside `affetto serve`
    proxy: {
      "/v1": { target: SERVER, ws: true },
      "/health": SERVER,
      "/docs": SERVER,
      "/openapi.json": SERVER,
    },
  },
});
