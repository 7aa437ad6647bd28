// Keeps the page true: puts in a newer <main> when one comes, counts ages, copies commands. The page is whole without it.
'use strict';

(() => {
  const root = document.documentElement;
  const live = document.getElementById('live');
  const announcer = document.getElementById('announcer');
  // The reader's clock may be wrong; ages are counted by the server's.
  const drift = root.dataset.now ? Date.parse(root.dataset.now) - Date.now() : 0;
  // The server says something every 15 s: a connection that is silent for longer has died unseen.
  const SILENCE = 40000;
  const RETRY = 5000;
  // A browser opens six connections to a server in all, and each open page has one: a page that nobody has looked at for so long
  // gives its own away.
  const UNSEEN = 300000;
  // Behind a balancer the next connection may reach the former version again: no page loads itself anew in a circle.
  const SETTLED = 60000;

  // Of this script and its style; <main> takes over the version of what comes in.
  const version = document.getElementById('main').dataset.version;

  root.classList.add('scripted');

  // As the server spells spans: in their two largest units.
  function span(milliseconds) {
    const seconds = Math.floor(milliseconds / 1000);
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(seconds / 3600);
    const days = Math.floor(seconds / 86400);
    const two = (large, small) => (small.startsWith('0 ') ? large : `${large} ${small}`);
    if (days > 0) return two(`${days} d`, `${hours % 24} h`);
    if (hours > 0) return two(`${hours} h`, `${minutes % 60} min`);
    if (minutes > 0) return two(`${minutes} min`, `${seconds % 60} s`);
    return `${seconds} s`;
  }

  function say(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function count() {
    const now = Date.now() + drift;
    for (const element of document.querySelectorAll('[data-at]')) {
      const at = Date.parse(element.dataset.at);
      // Clocks differ by a moment: what was just judged was not judged in the future.
      say(element, at - now > 1000 ? `in ${span(at - now)}` : `${span(Math.max(0, now - at))} ago`);
    }
    for (const element of document.querySelectorAll('[data-left]')) {
      const at = Date.parse(element.dataset.left);
      say(element, at > now ? `${span(at - now)} left` : `over for ${span(now - at)}`);
    }
  }

  // Makes `old` what `fresh` is and keeps every element that stays: with it focus, selection, scrolling, and what is unfolded.
  function morph(old, fresh) {
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      const unfolded = name === 'open' && old.localName === 'details';
      if (!fresh.hasAttribute(name) && !unfolded) old.removeAttribute(name);
    }
    const key = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset.key || '' : '');
    const keyed = new Map();
    for (const child of old.children) {
      if (key(child)) keyed.set(key(child), child);
    }
    let place = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const name = key(child);
      let match = null;
      if (name) {
        match = keyed.get(name) ?? null;
      } else if (place && !key(place)) {
        match = place;
      }
      if (match && (match.nodeType !== child.nodeType || match.nodeName !== child.nodeName)) match = null;
      if (!match) {
        old.insertBefore(document.importNode(child, true), place);
        continue;
      }
      if (match !== place) old.insertBefore(match, place);
      place = match.nextSibling;
      if (match.nodeType === Node.ELEMENT_NODE) {
        morph(match, child);
      } else if (match.nodeValue !== child.nodeValue) {
        match.nodeValue = child.nodeValue;
      }
    }
    while (place) {
      const next = place.nextSibling;
      place.remove();
      place = next;
    }
  }

  function show(text) {
    const main = document.getElementById('main');
    const fresh = new DOMParser().parseFromString(text, 'text/html').getElementById('main');
    if (!fresh) return;
    if (fresh.dataset.version !== version && performance.now() > SETTLED) {
      // Style and script are the former version's.
      location.reload();
      return;
    }
    const news = fresh.dataset.title !== main.dataset.title;
    morph(main, fresh);
    count();
    if (news) {
      document.title = main.dataset.title;
      announcer.textContent = main.dataset.title;
      document.getElementById('icon').href = `${main.dataset.base}assets/${main.dataset.verdict}.svg`;
    }
  }

  function standing(name, text) {
    root.classList.toggle('live', name === 'live');
    root.classList.toggle('lost', name === 'lost');
    say(live, text);
  }

  let source;
  let watchdog;
  let rest;
  let gone = false;

  function lose() {
    standing('lost', 'Not live: this page may be out of date');
  }

  function arm() {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => {
      lose();
      connect();
    }, SILENCE);
  }

  function heard() {
    arm();
    if (!gone) standing('live', 'Live');
  }

  function connect() {
    source?.close();
    arm();
    const here = new EventSource(document.getElementById('main').dataset.events);
    source = here;
    here.addEventListener('page', (event) => {
      gone = false;
      heard();
      show(event.data);
    });
    here.addEventListener('still', heard);
    here.addEventListener('gone', () => {
      gone = true;
      heard();
      standing('lost', 'This suite is no longer watched');
    });
    here.addEventListener('error', () => {
      if (source !== here) return;
      lose();
      // The browser tries again by itself unless it was refused.
      if (here.readyState === EventSource.CLOSED) setTimeout(() => source === here && connect(), RETRY);
    });
  }

  async function copy(button) {
    const command = document.getElementById(button.dataset.copy);
    let done = false;
    try {
      await navigator.clipboard.writeText(command.textContent);
      done = true;
    } catch {
      // Only where the page came over TLS or from this machine may it use the clipboard; the old way works elsewhere.
      getSelection().selectAllChildren(command);
      done = document.execCommand('copy');
    }
    const text = done ? 'Copied' : 'Selected';
    button.textContent = text;
    announcer.textContent = done ? 'Command copied' : 'Command selected';
    setTimeout(() => (button.textContent = 'Copy'), 2000);
  }

  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-copy]');
    if (button) copy(button);
  });

  count();
  setInterval(count, 1000);
  if (document.getElementById('main').dataset.events) {
    const seen = () => {
      clearTimeout(rest);
      if (document.hidden) {
        rest = setTimeout(() => {
          clearTimeout(watchdog);
          source.close();
          source = undefined;
          lose();
          document.title = `(not live) ${document.getElementById('main').dataset.title}`;
        }, UNSEEN);
      } else if (!source) {
        document.title = document.getElementById('main').dataset.title;
        connect();
      }
    };
    connect();
    document.addEventListener('visibilitychange', seen);
    seen();
  }
})();
