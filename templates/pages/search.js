/* The search: fetches the few small files of the index that hold what was typed. See publisher/rendering/searching.py. */
"use strict";
(() => {
  const form = document.querySelector("form[role=search]");
  const field = form.querySelector("input"), state = form.querySelector("[role=status]");
  const list = form.querySelector("ol"), more = form.querySelector("button");
  const base = form.dataset.base, step = 10, perCard = {{ cards }};
  const common = new Set("{{ common | join(" ") }}".split(" "));
  const unspaced = "{{ unspaced }}";
  const runs = new RegExp(`[${unspaced}]+|[^${unspaced}]+`, "gu");
  const isUnspaced = new RegExp(`^[${unspaced}]`, "u"), isWide = new RegExp(`^[${unspaced}\uac00-\ud7af]`, "u");
  const marks = /[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]/g;
  const fetched = new Map();
  let hits = [], turn = 0;

  const fold = (text) => text.toLowerCase().normalize("NFKD").replace(marks, "").normalize("NFKC")
    .replaceAll("ς", "σ").replaceAll("ß", "ss");

  function word(text) {
    if (text.startsWith("ال") && [...text].length > 4) text = text.slice(2);
    return [...text].length > 1 || isWide.test(text) ? [text] : [];
  }

  function pairs(text) {
    const chars = [...text], found = chars.map((char, i) => char + (chars[i + 1] || ""));
    return found.length > 1 ? found.slice(0, -1) : found;
  }

  function terms(text) {
    const found = (fold(text).match(/[\p{L}\p{M}\p{N}]+/gu) || [])
      .flatMap((part) => part.match(runs))
      .flatMap((run) => isUnspaced.test(run) ? pairs(run) : word(run));
    return [...new Set(found)].filter((term) => !common.has(term));
  }

  function get(path) {
    if (!fetched.has(path)) {
      fetched.set(path, fetch(base + path).then((answer) => {
        if (answer.ok) return answer.json();
        if (answer.status === 404) return {};
        throw new Error(answer.status);
      }).catch((error) => { fetched.delete(path); throw error; }));
    }
    return fetched.get(path);
  }

  /* number → how well it fits: the whole word before its beginning, the headline before the rest */
  async function matches(term) {
    const start = [...term].slice(0, isWide.test(term) ? 1 : 2);
    const shard = await get(`search/terms/${start.map((c) => c.codePointAt(0).toString(16)).join("-")}.json`);
    const found = new Map();
    for (const [held, steps] of Object.entries(shard)) {
      if (!held.startsWith(term)) continue;
      let posting = 0;
      steps.forEach((distance, i) => {
        posting = i ? posting - distance : distance;
        const number = posting >> 1, weight = (posting & 1 ? 4 : 1) * (held === term ? 2 : 1);
        found.set(number, Math.max(found.get(number) || 0, weight));
      });
    }
    return found;
  }

  async function find(text) {
    const all = await Promise.all(terms(text).map(matches));
    if (!all.length) return null;
    const [first, ...others] = all.sort((a, b) => a.size - b.size);
    return [...first].filter(([number]) => others.every((one) => one.has(number)))
      .map(([number, weight]) => [number, others.reduce((sum, one) => sum + one.get(number), weight)])
      .sort((a, b) => b[1] - a[1] || b[0] - a[0]).map(([number]) => number);
  }

  const day = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeZone: "UTC" });

  function row([title, address, date]) {
    const item = document.createElement("li"), link = document.createElement("a");
    const head = document.createElement("h3"), time = document.createElement("time");
    item.className = "line";
    link.href = new URL(address, new URL(base, location.href));
    link.textContent = title;
    link.dir = "auto";
    time.dateTime = date;
    time.textContent = day.format(new Date(date));
    time.className = "byline";
    head.append(link);
    item.append(head, time);
    return item;
  }

  async function show(mine) {
    const from = list.children.length, numbers = hits.slice(from, from + step);
    const cards = await Promise.all(numbers.map((n) => get(`search/cards/${Math.floor(n / perCard)}.json`)));
    if (mine !== turn) return;
    list.append(...numbers.map((number, i) => cards[i][number]).filter(Boolean).map(row));
    more.hidden = list.children.length >= hits.length;
  }

  async function search() {
    const mine = ++turn, text = field.value.trim();
    try {
      const found = await find(text);
      if (mine !== turn) return;
      hits = found || [];
      list.replaceChildren();
      await show(mine);
      if (mine !== turn) return;
      const said = hits.length ? form.dataset.found.replace("#", hits.length.toLocaleString(document.documentElement.lang)) : form.dataset.nothing;
      state.textContent = found ? said : "";
    } catch {
      if (mine === turn) state.textContent = form.dataset.broken;
    }
    history.replaceState(null, "", text ? `?q=${encodeURIComponent(text)}` : location.pathname);
  }

  let waiting;
  field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 150); });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(waiting); search(); });
  more.addEventListener("click", async () => {
    const next = list.children.length;
    await show(turn);
    list.children[next]?.querySelector("a").focus();
  });
  field.value = new URLSearchParams(location.search).get("q") || "";
  form.hidden = false;
  if (field.value) search();
})();
