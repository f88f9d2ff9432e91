// Keeps the inbox fresh, copies codes, and counts what came while nobody looked. The page works without it.
(() => {
  "use strict";
  const EVERY = 1000; // milliseconds
  const FRESH = 5000;
  const PATIENCE = 15000;
  const live = document.getElementById("live");
  const offline = document.getElementById("offline");
  const announce = document.getElementById("announce");
  const title = document.title;
  const freshUntil = new Map(); // id of a message to when it stops being marked as new
  let shown = "";
  let changed = Date.now();
  let seen = newest();

  document.documentElement.classList.add("js");

  function ids() {
    return [...live.querySelectorAll("[data-id]")].map((row) => Number(row.dataset.id));
  }

  function newest() {
    return Math.max(0, ...ids());
  }

  function count() {
    seen = document.hidden ? Math.min(seen, newest()) : newest();
    const unread = ids().filter((id) => id > seen).length;
    document.title = unread ? `(${unread}) ${title}` : title;
  }

  function mark() {
    for (const row of live.querySelectorAll("[data-id]")) {
      row.classList.toggle("fresh", (freshUntil.get(Number(row.dataset.id)) || 0) > Date.now());
    }
  }

  function reading() {
    const selection = document.getSelection();
    return selection && !selection.isCollapsed && live.contains(selection.anchorNode);
  }

  function show(html) {
    if (html === shown) {
      return;
    }
    if (reading() && Date.now() - changed < PATIENCE) {
      return; // a selection would be lost: leave it a while
    }
    changed = Date.now();
    const before = newest();
    const focused = document.activeElement && live.contains(document.activeElement) ? document.activeElement.id : "";
    live.innerHTML = html;
    shown = html;
    if (focused) {
      document.getElementById(focused)?.focus({ preventScroll: true });
    }
    const fresh = ids().filter((id) => id > before);
    fresh.forEach((id) => freshUntil.set(id, Date.now() + FRESH));
    if (fresh.length) {
      announce.textContent = fresh.length === 1 ? "New message" : `${fresh.length} new messages`;
    }
    count();
  }

  async function refresh() {
    try {
      const reply = await fetch(live.dataset.source, { cache: "no-store" });
      if (!reply.ok) {
        throw new Error(String(reply.status));
      }
      show(await reply.text());
      mark();
      offline.hidden = true;
    } catch {
      offline.hidden = false;
    }
    setTimeout(refresh, EVERY);
  }

  live.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) {
      return;
    }
    try {
      await navigator.clipboard.writeText(button.dataset.code);
      button.textContent = "Copied";
    } catch {
      const range = document.createRange(); // no clipboard on plain http from another machine: select it instead
      range.selectNodeContents(button.previousElementSibling);
      document.getSelection().removeAllRanges();
      document.getSelection().addRange(range);
      return;
    }
    setTimeout(() => (button.textContent = "Copy"), 1200);
  });

  document.addEventListener("visibilitychange", count);
  setTimeout(refresh, EVERY);
})();
