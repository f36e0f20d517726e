// The table's row of the current time is marked, and kept in sight while playing.

const rows = [...document.querySelectorAll("#segments tbody tr")];
let current = null;

onTime((time) => {
  const row = rows[segmentAt(time)] ?? null;
  if (row === current) return;
  current?.removeAttribute("aria-current");
  row?.setAttribute("aria-current", "true");
  current = row;
  const box = row?.closest(".scroll");
  if (!box || box.scrollHeight <= box.clientHeight) return;
  // Only the table scrolls, never the page under the reader's eyes.
  const top = row.offsetTop - 40;
  const bottom = row.offsetTop + row.offsetHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
});
