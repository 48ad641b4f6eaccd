// The page of one thread at a time. All text from Codex is inserted as text, never as HTML.
"use strict";

const $ = (id) => document.getElementById(id);
const key = new URLSearchParams(location.search).get("key") ?? "";

/** The open thread: its id, its stream, and its running turn, if there is one. */
const open = { id: null, stream: null, turn: null };

// Requests

/** Sends a request; throws the message of an error that the client reports. */
async function call(method, path, body, query = {}) {
  const response = await fetch(`/api/${path}?${new URLSearchParams({ key, ...query })}`, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const data = await response.json().catch(() => ({ message: response.statusText }));
  if (!response.ok) throw new Error(data.message);
  return data;
}

/** Makes an event handler whose errors are shown. */
const shown = (act) => (event) => {
  Promise.resolve(act(event)).catch((error) => fail(error.message));
};

function fail(message) {
  $("error").firstElementChild.textContent = message;
  $("error").hidden = false;
}

// The list of threads

let nextCursor = null;

async function list(cursor) {
  const page = await call("GET", "threads", undefined, cursor ? { cursor } : {});
  const entries = page.data.map((thread) => {
    const name = element("span", "", thread.name || thread.preview || "(no name)");
    const time = element("time", "", new Date(thread.updatedAt * 1000).toLocaleString());
    const button = element("button", "", name, time);
    Object.assign(button, { type: "button", onclick: () => inOrder(() => show(thread.id)) });
    Object.assign(button.dataset, { id: thread.id, cwd: thread.cwd });
    return element("li", "", button);
  });
  if (cursor) $("threads").append(...entries);
  else $("threads").replaceChildren(...entries);
  nextCursor = page.nextCursor;
  $("more").hidden = !nextCursor;
  mark();
}

const refresh = shown(() => list());

/** Marks the open thread in the list, and shows its name. */
function mark() {
  let title = open.id ? "New thread" : "No thread";
  $("directory").textContent = "";
  for (const button of $("threads").querySelectorAll("button")) {
    const isOpen = button.dataset.id === open.id;
    if (isOpen) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    if (!isOpen) continue;
    title = button.firstElementChild.textContent;
    $("directory").textContent = button.dataset.cwd;
  }
  $("title").textContent = title;
}

// The open thread

/** Shows a thread, and follows it. The browser reconnects by itself. */
function show(id) {
  open.stream?.close();
  open.id = id;
  history.replaceState(null, "", `${location.pathname}${location.search}#${id}`);
  clear();
  mark();
  status("Opening…");
  const stream = new EventSource(`/api/threads/${id}/events?${new URLSearchParams({ key })}`);
  open.stream = stream;
  const on = (name, act) => stream.addEventListener(name, (event) => act(JSON.parse(event.data)));
  on("snapshot", restore);
  on("change", inView(change));
  on("approval", inView(ask));
  on("resolved", (id) => document.getElementById(`approval-${id}`)?.remove());
  on("failure", (error) => fail(error.message));
  stream.onerror = () => {
    const isOver = stream.readyState === EventSource.CLOSED;
    status(isOver ? "This thread cannot be opened" : "Reconnecting…");
  };
}

function clear() {
  $("log").replaceChildren();
  $("approvals").replaceChildren();
  running(null);
}

function restore({ turns, approvals }) {
  clear();
  for (const turn of turns) {
    turn.items.forEach(put);
    ended(turn);
  }
  approvals.forEach(ask);
  const last = turns.at(-1);
  running(last?.status === "inProgress" ? last.id : null);
  $("log").scrollTop = $("log").scrollHeight;
}

/** Changes the page. The end of the conversation stays in view, if it is. */
const inView = (act) => (data) => {
  const log = $("log");
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  act(data);
  if (isAtEnd) log.scrollTop = log.scrollHeight;
};

/** Applies a notification of the protocol. */
function change({ method, params }) {
  switch (method) {
    case "turn/started":
      running(params.turn.id);
      break;
    case "turn/completed":
      ended(params.turn);
      running(null);
      break;
    case "item/started":
      put(params.item);
      break;
    case "item/completed":
      put(params.item);
      // The first prompt saves the thread, and each one moves it to the top.
      if (params.item.type === "userMessage") refresh();
      break;
    case "item/agentMessage/delta":
    case "item/commandExecution/outputDelta":
      textOf($(`item-${params.itemId}`))?.append(params.delta);
      break;
    case "thread/name/updated":
      refresh();
      break;
    case "error":
      if (params.willRetry) status(`Trying again: ${params.error.message}`, true);
      break;
  }
}

function running(turn) {
  open.turn = turn;
  $("cancel").hidden = turn === null;
  $("send").textContent = turn === null ? "Send" : "Add";
  $("log").setAttribute("aria-busy", turn !== null);
  status(turn === null ? "" : "Working…", turn !== null);
}

function status(text, isBusy = false) {
  $("status").textContent = text;
  $("status").classList.toggle("busy", isBusy);
}

/** Shows why a turn has no answer. */
function ended(turn) {
  if (turn.status === "failed") append(`end-${turn.id}`, element("p", "item failed", turn.error?.message ?? "The turn failed."));
  if (turn.status === "interrupted") append(`end-${turn.id}`, element("p", "item stopped", "Stopped."));
}

// Items

/** Shows an item, in its place if it is shown already. */
function put(item) {
  append(`item-${item.id}`, (ITEMS[item.type] ?? other)(item));
}

/** Returns the element with the text of an item, which grows. */
function textOf(item) {
  return item?.classList.contains("text") ? item : item?.querySelector(".text");
}

function append(id, shown) {
  if (!shown) return;
  shown.id = id;
  const known = $(id);
  if (known?.open) shown.open = true;
  if (known) known.replaceWith(shown);
  else $("log").append(shown);
}

const ITEMS = {
  userMessage: (item) => element("div", "item user", ...item.content.map((part) => part.text ?? `[${part.type}]`)),
  agentMessage: (item) => element("div", "item agent text", ...prose(item.text)),
  reasoning: (item) => item.summary.length > 0 && element("div", "item reasoning", item.summary.join("\n\n")),
  commandExecution: (item) => card(item.command, result(item), element("pre", "text", item.aggregatedOutput ?? "")),
  fileChange: (item) => card(item.changes.map((it) => it.path).join(", "), result(item), ...item.changes.map(diff)),
  mcpToolCall: (item) => card(`${item.server}: ${item.tool}`, result(item)),
};

function other(item) {
  return element("p", "item other", item.type.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));
}

/** A command or a change that can be unfolded. */
function card(title, state, ...content) {
  return element("details", "item card", element("summary", "", element("code", "", title), state), ...content);
}

function result({ status, exitCode }) {
  const isGood = status === "completed" && !exitCode;
  const text = { inProgress: "running", completed: "done" }[status] ?? status;
  return element("span", `state ${status === "inProgress" ? "" : isGood ? "good" : "bad"}`, exitCode ? `exit ${exitCode}` : text);
}

function diff(change) {
  const lines = change.diff.trimEnd().split("\n").map((line) => {
    const kind = { "+": "added", "-": "removed" }[change.kind?.type === "update" ? line[0] : ""];
    return element("span", kind ?? "", `${line}\n`);
  });
  return element("pre", change.kind?.type === "add" ? "added" : "", ...lines);
}

/** Splits Markdown at its code blocks and its `code`. The rest is shown as it is. */
function prose(text) {
  return text.split(/^```[^\n]*\n([\s\S]*?)(?:^```\s*$|$(?![\s\S]))/m).flatMap((block, at) => {
    if (at % 2) return element("pre", "", block);
    return block.split(/`([^`\n]+)`/).map((part, at) => (at % 2 ? element("code", "", part) : part));
  });
}

// Approvals

const LABELS = {
  accept: "Accept",
  acceptForSession: "Accept for this session",
  decline: "Decline",
  cancel: "Decline and stop",
};

/** Shows an approval request. A decision is sent back as the value that came with it. */
function ask({ id, request: { type, params }, decisions }) {
  const section = $("approval").content.cloneNode(true).firstElementChild;
  section.id = `approval-${id}`;
  const [title, ...subject] = {
    command: () => ["Run this command?", element("pre", "", params.command ?? "")],
    fileChange: () => ["Change these files?", ...(params.changes ?? []).flatMap((it) => [element("code", "", it.path), diff(it)])],
    permissions: () => ["Grant these permissions?", element("pre", "", JSON.stringify(params.permissions, null, 2))],
  }[type]?.() ?? ["Allow this?", element("pre", "", JSON.stringify(params, null, 2))];
  const heading = section.querySelector("h3");
  Object.assign(heading, { id: `${section.id}-title`, textContent: title });
  section.setAttribute("aria-labelledby", heading.id);
  section.querySelector(".reason").textContent = params.reason ?? "";
  section.querySelector(".subject").append(...subject);
  const thread = open.id;
  section.querySelector(".decisions").append(...decisions.map((decision) => {
    const button = element("button", decision === "accept" ? "primary" : "", LABELS[decision] ?? label(decision));
    button.type = "button";
    button.onclick = shown(() => call("POST", `threads/${thread}/approvals/${encodeURIComponent(id)}`, decision));
    return button;
  }));
  document.getElementById(section.id)?.remove();
  $("approvals").append(section);
}

function label(decision) {
  const prefix = decision.acceptWithExecpolicyAmendment;
  if (prefix) return `Always accept \`${prefix.join(" ")} …\``;
  const rule = decision.applyNetworkPolicyAmendment;
  return rule ? `Always ${rule.action} ${rule.host}` : JSON.stringify(decision);
}

// The prompt

let last = Promise.resolve();

/** Acts after all earlier actions, so that prompts stay in order and reach the thread meant. */
function inOrder(act) {
  last = last.catch(() => {}).then(act);
  return last;
}

const start = async () => show(await call("POST", "threads"));

const send = shown((event) => {
  event.preventDefault();
  const text = $("prompt").value.trim();
  if (!text) return;
  $("prompt").value = "";
  return inOrder(async () => {
    try {
      if (!open.id) await start();
      await call("POST", `threads/${open.id}/input`, text);
    } catch (error) {
      $("prompt").value ||= text;
      throw error;
    }
  });
});

const cancel = shown(async () => {
  if (open.turn) await call("POST", `threads/${open.id}/interrupt`);
});

/** Makes an element with text and elements in it. */
function element(tag, className, ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

$("composer").onsubmit = send;
$("cancel").onclick = cancel;
$("more").onclick = shown(() => list(nextCursor));
$("new").onclick = shown(() => {
  $("prompt").focus();
  return inOrder(start);
});
$("error").lastElementChild.onclick = () => ($("error").hidden = true);
$("prompt").onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("composer").requestSubmit();
};
document.addEventListener("keydown", (event) => event.key === "Escape" && cancel(event));

document.addEventListener("visibilitychange", () => document.hidden || refresh());

refresh();
if (location.hash) show(location.hash.slice(1));
