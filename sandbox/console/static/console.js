// Keeps a page as it would be if it were loaded again. The server makes all HTML; the parts of a page that move are marked
// with data-live and an id, and body[data-of] names what moves them.

function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
  } else if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
  } else if (!old.isEqualNode(fresh)) {
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      // What somebody has opened stays open.
      if (!fresh.hasAttribute(name) && !(old.nodeName === "DETAILS" && name === "open")) old.removeAttribute(name);
    }
    morphChildren(old, [...fresh.childNodes]);
  }
}

function morphChildren(parent, fresh) {
  const known = new Map([...parent.children].filter((child) => child.id).map((child) => [child.id, child]));
  let place = parent.firstChild;
  for (const child of fresh) {
    const same = child.id ? known.get(child.id) : place && !place.id && place.nodeName === child.nodeName && place;
    if (same) {
      if (same === place) place = place.nextSibling;
      else parent.insertBefore(same, place);
      morph(same, child);
    } else {
      parent.insertBefore(child, place);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

async function load() {
  const asked = location.href;
  const answer = await fetch(asked);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok || asked !== location.href) return;
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (fresh) morph(part, fresh);
  }
  follow();
}

// The node that is looked at stays in sight, unless somebody has gone to see another part of the graph meanwhile.
let followed;

function follow() {
  const graph = document.querySelector("figure.scroll");
  const node = graph?.querySelector(".chosen");
  if (!node || node.dataset.key === followed) return;
  followed = node.dataset.key;
  const [inner, outer] = [node.getBoundingClientRect(), graph.getBoundingClientRect()];
  if (inner.left < outer.left || inner.right > outer.right) graph.scrollLeft += inner.left - outer.left - outer.width / 2;
}

follow();

let loading = false;
let again = false;

async function refresh() {
  again = true;
  if (loading) return;
  loading = true;
  try {
    while (again) {
      again = false;
      await load();
    }
  } catch {
    // The server is gone: the stream comes back when it does, and brings us here again.
  } finally {
    loading = false;
  }
}

const topics = document.body.dataset.of.trim().split(/\s+/);
const stream = new EventSource("/changes?" + new URLSearchParams(topics.map((topic) => ["of", topic])));
let missed = false;
stream.onmessage = () => {
  if (document.hidden) missed = true;
  else refresh();
};
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && missed) {
    missed = false;
    refresh();
  }
});

// A search shows what it finds while one types.
for (const form of document.querySelectorAll("form[data-filter]")) {
  let pause;
  form.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => {
      history.replaceState(null, "", "?" + new URLSearchParams(new FormData(form)));
      refresh();
    }, 150);
  });
}
