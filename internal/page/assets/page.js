// Refreshes the page while nobody is in the middle of something. Without it the
// page says the same, as of when it was loaded.
(() => {
  "use strict";
  const html = document.documentElement, every = 30000;
  let waiting = null, polls = 0, busy = false; // waiting: a newer page that is not shown yet
  const main = () => document.querySelector("main");

  // In use: a selection, the focus on something, an open <details>.
  const inUse = () => {
    const chosen = getSelection(), focus = document.activeElement;
    return chosen && !chosen.isCollapsed || focus && main().contains(focus) || main().querySelector("details[open]");
  };
  const say = (text, stale) => {
    const at = document.getElementById("stale");
    at.textContent = text;
    at.parentNode.classList.toggle("stale", !!stale);
  };
  const asOf = (answer) => {
    if (getSelection().isCollapsed) document.getElementById("asof").textContent = answer.headers.get("Montimer-As-Of");
    say("");
  };
  const show = () => {
    if (!waiting) return;
    if (inUse()) return say("; there is a newer state");
    const top = (e) => e.getBoundingClientRect().top;
    const at = [...main().querySelectorAll("[id]")].find((e) => top(e) >= 0), was = at && top(at), y = scrollY;
    document.title = waiting.title;
    const icon = waiting.querySelector("link[rel=icon]");
    if (icon) document.querySelector("link[rel=icon]").href = icon.getAttribute("href");
    main().replaceWith(waiting.querySelector("main"));
    const now = at && document.getElementById(at.id); // stays where it was on the screen
    if (now) scrollBy(0, top(now) - was); else scrollTo(scrollX, y);
    waiting = null;
  };
  const refresh = async () => {
    if (document.hidden || busy) return;
    busy = true;
    try {
      const headers = { "If-None-Match": `"${(waiting || document).querySelector("main").dataset.etag}"` };
      const answer = await fetch(location.href, { headers, cache: "no-store", signal: AbortSignal.timeout(20000) });
      if (answer.status === 304) {
        if (waiting) show(); else asOf(answer);
      } else if (answer.ok) {
        waiting = new DOMParser().parseFromString(await answer.text(), "text/html");
        show();
      } else throw answer;
    } catch (failure) {
      const why = failure instanceof Response ? "answered " + failure.status : "was not reached";
      say("; the server " + why + " at " + new Date().toTimeString().slice(0, 8), true);
    }
    busy = false;
    html.dataset.polls = ++polls;
  };
  setInterval(refresh, every);
  document.addEventListener("visibilitychange", refresh);
})();
