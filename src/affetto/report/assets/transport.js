// Where we are in the recording. With sound it is the player's time, without it a mark to read at.

const audio = $("audio");
const transport = { time: 0, playing: false };
const followers = [];
const onTime = (follow) => followers.push(follow);

function tell() {
  for (const follow of followers) follow(transport.time);
}

function seek(time) {
  transport.time = clamp(time, 0, duration);
  // The very end would end playing; a breath before it can be played on from.
  if (audio.readyState) audio.currentTime = Math.min(transport.time, duration - 0.01);
  tell();
}

function togglePlay() {
  if ($("play").disabled) return;
  if (audio.paused) audio.play(); else audio.pause();
}

function run() {
  if (!transport.playing) return;
  transport.time = Math.min(audio.currentTime, duration);
  tell();
  requestAnimationFrame(run);
}

function showPlaying() {
  transport.playing = !audio.paused;
  $("play").setAttribute("aria-label", transport.playing ? "Pause" : "Play");
  $("play-shape").setAttribute("d", transport.playing ? "M7 5h4v14H7zM13 5h4v14h-4z" : "M8 5v14l11-7z");
  run();
}

for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, showPlaying);
audio.addEventListener("loadedmetadata", () => {
  $("play").disabled = false;
  document.documentElement.classList.replace("no-player", "has-player");
  seek(transport.time);
});
audio.addEventListener("error", () => {
  $("heard").textContent = "This browser can’t play that file.";
});
$("play").addEventListener("click", togglePlay);
$("speed").addEventListener("change", () => { audio.playbackRate = Number($("speed").value); });
$("recording")?.addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (file) audio.src = URL.createObjectURL(file);
});

// After the first picture, so that a long recording shows at once.
function loadSound() {
  const sound = $("sound").textContent;
  if (sound) audio.src = URL.createObjectURL(new Blob([bytes(sound)], { type: "audio/mpeg" }));
}
requestAnimationFrame(() => setTimeout(loadSound));

// Anything with data-seek goes there when clicked.
document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-seek]");
  if (!target || String(getSelection())) return;
  seek(Number(target.dataset.seek));
  reveal(transport.time);
});
