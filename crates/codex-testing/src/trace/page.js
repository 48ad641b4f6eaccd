"use strict";

const ROW = 24;
const LANE = 18;
const MAX_LANES = 8;
const MAX_SHOWN = 1000000;
const COLORS = ["#4c8bf5", "#e8710a", "#9334e6", "#12a4af", "#d5429a", "#7cb342", "#c5221f", "#8d6e63"];
const $ = (id) => document.getElementById(id);

// The recording: its lines, and one entry per message.

const lines = $("recording").textContent.split("\n").filter((line) => line.trim() !== "");
const entries = [];
const threads = new Map();
const turns = new Map();

/** Returns the thread of this id, and adds it if it is new. */
function threadOf(id) {
  let thread = threads.get(id);
  if (!thread) {
    thread = { id, number: threads.size + 1, label: "", color: COLORS[threads.size % COLORS.length], turns: [] };
    threads.set(id, thread);
  }
  return thread;
}

/** Returns one line of text for a value. */
function brief(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "";
  return text.slice(0, 200).replace(/\s+/g, " ");
}

function inputText(params) {
  const texts = Array.isArray(params?.input) ? params.input.map((part) => part?.text ?? "") : [];
  return texts.join(" ").trim();
}

function summaryOf(message, body) {
  if (message.error) return brief(message.error.message ?? message.error);
  const input = inputText(body);
  if (input) return brief(input);
  const item = body?.item;
  if (item) return brief([item.type, item.command ?? item.text ?? item.tool ?? ""].join(" "));
  if (typeof body?.delta === "string") return brief(body.delta);
  const value = body?.turn?.status ?? body?.status?.type ?? body?.command ?? body?.message ?? body?.decision;
  return value === undefined ? brief(body ?? "") : brief(value);
}

function read() {
  const requests = new Map();
  let last = 0;
  lines.forEach((line, index) => {
    let value = null;
    try { value = JSON.parse(line); } catch { /* Shown as a gap. */ }
    const message = value?.msg;
    const isMessage = message !== null && typeof message === "object";
    // Without a time of its own, a message has that of the server, or of the message before.
    const emitted = message?.params?.emittedAtMs ?? message?.emittedAtMs;
    let at = Number(value?.at ?? emitted ?? last);
    if (!Number.isFinite(at) || at < last) at = last;
    last = at;
    const entry = {
      index, at, direction: value?.dir === "out" ? "out" : "in", kind: "gap", method: "", summary: "",
      thread: null, turn: null, item: "", partner: null, isBad: false, isDelta: false, length: 0,
    };
    entries.push(entry);
    if (!isMessage) {
      entry.isBad = true;
      entry.method = value?.dropped !== undefined ? `${value.dropped} messages are missing`
        : value?.unreadable !== undefined ? `unreadable line of ${value.unreadable} bytes` : "not a line of a recording";
      return;
    }
    const body = message.params ?? message.result;
    const hasId = message.id !== undefined && message.id !== null;
    let threadId = body?.threadId ?? body?.thread?.id;
    let turnId = body?.turnId ?? body?.turn?.id;
    entry.item = String(body?.itemId ?? body?.item?.id ?? "");
    if (typeof message.method === "string") {
      entry.kind = hasId ? "request" : "notification";
      entry.method = message.method;
      entry.isDelta = !hasId && /delta$/i.test(message.method);
      entry.length = typeof body?.delta === "string" ? body.delta.length : 0;
      if (hasId) requests.set(entry.direction + JSON.stringify(message.id), entry);
    } else {
      entry.kind = "response";
      const key = (entry.direction === "in" ? "out" : "in") + JSON.stringify(message.id ?? null);
      const request = requests.get(key);
      requests.delete(key);
      entry.method = request ? request.method : "response without a request";
      if (request) {
        entry.partner = request;
        request.partner = entry;
        threadId ??= request.thread?.id;
        turnId ??= request.turn?.id;
        if (threadId && !request.thread) request.thread = threadOf(String(threadId));
      }
    }
    entry.isBad = Boolean(message.error) || message.method === "error" || body?.turn?.status === "failed";
    entry.summary = summaryOf(message, body);
    if (threadId) entry.thread = threadOf(String(threadId));
    if (threadId && turnId) {
      const key = `${threadId} ${turnId}`;
      let turn = turns.get(key);
      if (!turn) {
        turn = { id: String(turnId), thread: entry.thread, number: entry.thread.turns.length + 1,
          first: entry, last: entry, status: "inProgress" };
        turns.set(key, turn);
        entry.thread.turns.push(turn);
      }
      entry.turn = turn;
      turn.last = entry;
      if (message.method === "turn/completed") turn.status = body?.turn?.status ?? "completed";
    }
    if (message.method === "turn/start" && entry.thread && !entry.thread.label) {
      entry.thread.label = brief(inputText(body)).slice(0, 40);
    }
  });
}

// The rows: entries that pass the filters, with runs of deltas folded.

let rows = [];
let selected = -1;

function build() {
  const previous = rows[selected]?.entries[0] ?? null;
  const threadId = $("thread").value;
  // As in the lines, which are JSON with `<` escaped.
  const words = JSON.stringify($("search").value).slice(1, -1).replaceAll("<", "\\u003c").toLowerCase();
  const isFolding = $("fold").checked;
  const open = new Map();
  rows = [];
  for (const entry of entries) {
    if (threadId && entry.thread?.id !== threadId) continue;
    if (words && !lines[entry.index].toLowerCase().includes(words)) continue;
    const owner = entry.thread?.id ?? "";
    const key = `${entry.method} ${entry.turn?.id ?? ""} ${entry.item}`;
    if (entry.isDelta && isFolding) {
      const row = open.get(owner)?.get(key);
      if (row) {
        row.entries.push(entry);
        row.length += entry.length;
        continue;
      }
    } else {
      open.delete(owner);
    }
    const row = { entries: [entry], length: entry.length, position: rows.length };
    rows.push(row);
    if (entry.isDelta && isFolding) {
      if (!open.has(owner)) open.set(owner, new Map());
      open.get(owner).set(key, row);
    }
  }
  $("space").style.height = `${rows.length * ROW}px`;
  $("count").textContent = `${rows.length.toLocaleString("en")} rows, ${entries.length.toLocaleString("en")} messages`;
  selected = -1;
  const again = previous ? rowOf(previous) : -1;
  if (again >= 0) select(again);
  draw();
}

/** Returns the position of the row that shows an entry; -1 if no row does. */
function rowOf(entry) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].entries[0].index <= entry.index) low = middle + 1; else high = middle;
  }
  // A folded delta is in an earlier row than its place.
  for (let at = low - 1; at >= 0 && at > low - 2000; at -= 1) {
    if (rows[at].entries.includes(entry)) return at;
  }
  return -1;
}

// Rows on the screen.

const lanes = () => {
  const chosen = $("thread").value;
  const all = chosen ? [threads.get(chosen)] : [...threads.values()];
  return all.slice(0, MAX_LANES);
};

function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

function duration(ms) {
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

function rowElement(row, position, shownLanes) {
  const [entry] = row.entries;
  const made = element("div", `row ${entry.direction} ${entry.kind}${entry.isBad ? " bad" : ""}`);
  made.id = `row-${position}`;
  made.style.top = `${position * ROW}px`;
  made.setAttribute("role", "option");
  made.setAttribute("aria-posinset", position + 1);
  made.setAttribute("aria-setsize", rows.length);
  made.setAttribute("aria-selected", position === selected);
  const partner = selected >= 0 ? rows[selected].entries[0].partner : null;
  if (partner && partner === entry) made.classList.add("partner");
  made.append(element("span", "time", `${((entry.at - entries[0].at) / 1000).toFixed(3)} s`));
  const arrow = element("span", "arrow");
  arrow.setAttribute("aria-label", entry.direction === "out" ? "client to server" : "server to client");
  arrow.append(element("span"));
  made.append(arrow);
  const laneBox = element("span", "lanes");
  for (const thread of shownLanes) {
    const lane = element("span", "lane");
    const turn = thread.turns.find((it) => it.first.index <= entry.index && entry.index <= it.last.index);
    if (turn) {
      const bar = element("i");
      bar.style.background = thread.color;
      lane.append(bar);
    }
    if (entry.thread === thread) lane.append(element("b"));
    laneBox.append(lane);
  }
  made.append(laneBox);
  made.append(element("span", "method", (entry.kind === "response" ? "↩ " : "") + entry.method));
  if (row.entries.length > 1) made.append(element("span", "times", `× ${row.entries.length}`));
  const more = row.entries.length > 1 ? `${row.length.toLocaleString("en")} characters` : entry.summary;
  made.append(element("span", "summary", more));
  const last = row.entries[row.entries.length - 1];
  const took = entry.partner ? Math.abs(entry.partner.at - entry.at) : last.at - entry.at;
  if (entry.partner || row.entries.length > 1) made.append(element("span", "took", duration(took)));
  made.addEventListener("click", () => { select(position); $("rows").focus(); });
  return made;
}

function visible() {
  const box = $("rows");
  const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 10);
  const last = Math.min(rows.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + 10);
  return [first, last];
}

function draw() {
  const [first, last] = visible();
  const shownLanes = lanes();
  const shown = [];
  for (let at = first; at < last; at += 1) shown.push(rowElement(rows[at], at, shownLanes));
  $("space").replaceChildren(...shown);
  if (selected >= first && selected < last) {
    $("rows").setAttribute("aria-activedescendant", `row-${selected}`);
  } else {
    $("rows").removeAttribute("aria-activedescendant");
  }
  drawTimeline();
}

let isScheduled = false;
function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => { isScheduled = false; draw(); });
}

// The timeline.

function drawTimeline() {
  const canvas = $("timeline");
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const shown = [...threads.values()].slice(0, 500);
  const width = $("overview").clientWidth;
  const height = (shown.length + 2) * LANE + 4;
  const scale = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.height = `${height}px`;
  }
  const paint = canvas.getContext("2d");
  paint.setTransform(scale, 0, 0, scale, 0, 0);
  paint.fillStyle = color("--back");
  paint.fillRect(0, 0, width, height);
  const [first, last] = visible();
  if (rows.length) {
    const from = x(rows[Math.min(first, rows.length - 1)].entries[0].at);
    const to = x(rows[Math.max(0, last - 1)].entries[0].at);
    paint.fillStyle = color("--select");
    paint.fillRect(from, 0, Math.max(2, to - from), height);
  }
  paint.font = "11px system-ui, sans-serif";
  paint.textBaseline = "middle";
  const names = ["client", "server", ...shown.map((it) => `thread ${it.number}`)];
  names.forEach((name, lane) => {
    const y = lane * LANE + LANE / 2 + 2;
    paint.fillStyle = color("--dim");
    paint.fillText(name, 8, y);
    paint.fillStyle = color("--line");
    paint.fillRect(START, y, width - START - 8, 1);
  });
  for (const [lane, direction] of ["out", "in"].entries()) {
    paint.fillStyle = color(`--${direction}`);
    let painted = -1;
    for (const entry of entries) {
      const at = Math.round(x(entry.at));
      if (entry.direction !== direction || at === painted || entry.kind === "gap") continue;
      paint.fillRect(at, lane * LANE + 4, 1, LANE - 6);
      painted = at;
    }
  }
  shown.forEach((thread, index) => {
    const y = (index + 2) * LANE + 4;
    for (const turn of thread.turns) {
      const from = x(turn.first.at);
      const length = Math.max(3, x(turn.last.at) - from - 1);
      paint.fillStyle = turn.status === "failed" ? color("--bad") : thread.color;
      paint.fillRect(from, y, length, LANE - 6);
      if (length > 20) {
        paint.fillStyle = "#ffffff";
        paint.fillText(String(turn.number), from + 4, y + LANE / 2 - 3);
      }
    }
  });
  if (selected >= 0) {
    paint.fillStyle = color("--focus");
    paint.fillRect(Math.round(x(rows[selected].entries[0].at)), 0, 2, height);
  }
}

const START = 72;
function x(at) {
  const from = entries[0].at;
  const span = Math.max(1, entries[entries.length - 1].at - from);
  return START + ((at - from) / span) * ($("overview").clientWidth - START - 12);
}

function clickTimeline(event) {
  const box = $("timeline").getBoundingClientRect();
  const lane = Math.floor((event.clientY - box.top - 2) / LANE) - 2;
  const thread = [...threads.values()][lane] ?? null;
  const wanted = event.clientX - box.left;
  let best = -1;
  let distance = Infinity;
  rows.forEach((row, position) => {
    const [entry] = row.entries;
    const isInLane = thread ? entry.thread === thread : lane === -2 ? entry.direction === "out" : entry.direction === "in";
    const away = Math.abs(x(entry.at) - wanted);
    if (isInLane && away < distance) { best = position; distance = away; }
  });
  if (best >= 0) { select(best); $("rows").focus(); }
}

// The selected row.

function select(position) {
  selected = Math.max(0, Math.min(rows.length - 1, position));
  if (!rows.length) return;
  const box = $("rows");
  const top = selected * ROW;
  if (top < box.scrollTop || top + ROW > box.scrollTop + box.clientHeight) {
    box.scrollTop = Math.max(0, top - box.clientHeight / 2);
  }
  describe(rows[selected]);
  draw();
}

function describe(row) {
  const [entry] = row.entries;
  $("title").textContent = `${entry.kind === "gap" ? "" : `${entry.kind}: `}${entry.method}`;
  const facts = [
    `line ${entry.index + 1}`,
    entry.direction === "out" ? "client to server" : "server to client",
    `${((entry.at - entries[0].at) / 1000).toFixed(6)} s`,
  ];
  if (entry.thread) facts.push(`thread ${entry.thread.number} (${entry.thread.id})`);
  if (entry.turn) facts.push(`turn ${entry.turn.number} (${entry.turn.id})`);
  $("facts").textContent = facts.join(" · ");
  const button = $("partner");
  button.hidden = !entry.partner;
  if (entry.partner) {
    const name = entry.kind === "response" ? "Request" : "Response";
    button.textContent = `${name}, ${duration(Math.abs(entry.partner.at - entry.at))} ${entry.kind === "response" ? "before" : "after"}`;
  }
  const parsed = row.entries.map((it) => {
    try { return JSON.parse(lines[it.index]); } catch { return lines[it.index]; }
  });
  const text = parsed.map((it) => it?.msg?.params?.delta).filter((it) => typeof it === "string").join("");
  for (const id of ["text-title", "text"]) $(id).hidden = text === "";
  $("text").textContent = text.slice(0, MAX_SHOWN);
  const json = JSON.stringify(parsed.length === 1 ? parsed[0] : parsed, null, 2);
  $("json-title").hidden = false;
  $("json").textContent = json.length > MAX_SHOWN
    ? `${json.slice(0, MAX_SHOWN)}\n… ${json.length - MAX_SHOWN} more characters` : json;
  $("detail").scrollTop = 0;
}

function selectPartner() {
  const partner = selected >= 0 ? rows[selected].entries[0].partner : null;
  const position = partner ? rowOf(partner) : -1;
  if (position >= 0) select(position);
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target === $("search");
  if (event.key === "Escape") {
    $("search").value = "";
    $("thread").value = "";
    build();
    $("rows").focus();
  } else if (!isTyping && event.key === "/") {
    $("search").focus();
  } else if (isTyping && event.key === "Enter") {
    $("rows").focus();
  } else if (!isTyping && event.key === "p") {
    selectPartner();
  } else if (event.target === $("rows") || event.target === document.body) {
    const page = Math.max(1, Math.floor($("rows").clientHeight / ROW) - 1);
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (!(event.key in moves)) return;
    select(selected < 0 ? (event.key === "End" ? rows.length : 0) : selected + moves[event.key]);
  } else {
    return;
  }
  event.preventDefault();
}

read();
for (const thread of threads.values()) {
  const option = element("option", "", `thread ${thread.number} · ${thread.id.slice(0, 13)} · ${thread.label || `${thread.turns.length} turns`}`);
  option.value = thread.id;
  $("thread").append(option);
}
let timer = 0;
$("search").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(build, 120); });
$("thread").addEventListener("change", build);
$("fold").addEventListener("change", build);
$("partner").addEventListener("click", selectPartner);
$("rows").addEventListener("scroll", schedule);
$("timeline").addEventListener("click", clickTimeline);
document.addEventListener("keydown", keys);
window.addEventListener("resize", schedule);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", schedule);
build();
