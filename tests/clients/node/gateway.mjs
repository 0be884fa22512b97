// A gateway as Node's own fetch, EventSource and WebSocket see it.

import { report } from "./seen.mjs";

const url = process.env.CONVEX_URL;
const secret = process.env.GATEWAY_SECRET;
const streamOf = (message) => `${url}/api/chat/stream?session=${message}&message=${message}&token=${secret}`;

async function fetched(message) {
  const response = await fetch(streamOf(message));
  const [strict, lenient] = [new TextDecoder("utf-8", { fatal: true }), new TextDecoder()];
  let text = "";
  try {
    for await (const bytes of response.body) {
      text += lenient.decode(bytes, { stream: true });
      strict.decode(bytes, { stream: true });
    }
    return { end: "well", text };
  } catch (error) {
    return { end: error.cause?.code ?? error.code ?? error.name, text };
  }
}

// The documented client: unnamed events, JSON.parse(event.data).chunk; it closes on `done`.
function listened(path) {
  return new Promise((resolve) => {
    const seen = { chunks: [], ids: [], errors: [] };
    const source = new EventSource(path);
    const end = (how) => {
      source.close();
      resolve({ ...seen, how });
    };
    source.onmessage = (event) => {
      try {
        seen.chunks.push(JSON.parse(event.data).chunk);
        seen.ids.push(event.lastEventId.split(":")[1]);
      } catch (error) {
        seen.errors.push(error.name);
      }
    };
    source.addEventListener("done", (event) => end(JSON.parse(event.data).reason));
    source.onerror = (event) => {
      if (event.data !== undefined) end(JSON.parse(event.data).error.code);
      else if (source.readyState === EventSource.CLOSED) end("closed for good");
    };
  });
}

function said(messages, isEnd = (frame) => frame.type === "done" || frame.type === "error") {
  return new Promise((resolve) => {
    const seen = { frames: [] };
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws?token=${secret}`);
    let left = messages.length;
    socket.onopen = () => messages.forEach((message) => socket.send(JSON.stringify(message)));
    socket.onmessage = (event) => {
      try {
        const frame = JSON.parse(event.data);
        seen.frames.push(frame);
        if (isEnd(frame) && --left === 0) socket.close(1000);
      } catch (error) {
        seen.frames.push(error.name);
        socket.close(1000);
      }
    };
    socket.onclose = (event) => resolve({ ...seen, code: event.code, reason: event.reason });
  });
}

const chat = (message, more = {}) => ({ type: "chat", message, session: message, ...more });
const raw = (data) =>
  new Promise((resolve) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws?token=${secret}`);
    socket.onopen = () => socket.send(data);
    socket.onmessage = () => {};
    socket.onclose = (event) => resolve(event.code);
  });
const refused = (path) =>
  new Promise((resolve) => {
    const socket = new WebSocket(path);
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("refused");
  });

const seen = { fetched: {}, listened: {}, said: {} };
const deaths = ["hello", "breaks", "resets", "garbles"];
for (const message of deaths) seen.fetched[message] = await fetched(message);
for (const message of deaths) seen.said[message] = await said([chat(message, { id: "c1" })]);
const awake = setInterval(() => {}, 1000); // what waits to connect again keeps no program running
const sources = ["hello", "fail", "breaks", "garbles"];
const heard = await Promise.all([
  ...sources.map((message) => listened(streamOf(`es-${message}`))),
  listened(`${url}/api/chat/stream?session=s&token=wrong`),
]);
clearInterval(awake);
[...sources, "refused"].forEach((name, index) => (seen.listened[name] = heard[index]));
seen.two = await said([chat("hello", { id: "a" }), chat("hello", { id: "b", session: "other" })]);
seen.pong = await said([{ type: "ping", id: "p" }], () => true);
seen.binary = await raw(new Uint8Array([1]));
seen.large = await raw("x".repeat(2 ** 20 + 1));
seen.refused = await refused(`${url.replace("http", "ws")}/ws?token=wrong`);
report(seen);
