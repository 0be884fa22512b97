// A page on the real client: whatever it shows comes from chat.yaml, and changes as soon as that file is saved.

import { useState } from "react";
import { createRoot } from "react-dom/client";
import {
  ConvexProvider,
  ConvexReactClient,
  insertAtTop,
  useConvexConnectionState,
  useMutation,
  usePaginatedQuery,
  useQuery,
} from "convex/react";
import { anyApi as api } from "convex/server";
import { ConvexError } from "convex/values";

const asked = new URLSearchParams(window.location.search);
const convex = new ConvexReactClient(asked.get("convex") ?? "http://127.0.0.1:3210", {
  expectAuth: asked.has("expectAuth"),
});
window.convex = convex; // for the browser's console: convex.setAuth(async () => "token-of-ada")

function Room() {
  const room = useQuery(api.rooms.get);
  const me = useQuery(api.users.me);
  return (
    <>
      <header>
        <h1>{room?.name ?? "…"}</h1>
        <span>{me && `You are ${me}`}</span>
      </header>
      <p className="topic">{room?.topic}</p>
      <Form author={me} />
      <Messages />
    </>
  );
}

function Form({ author }) {
  const [body, setBody] = useState("");
  const [error, setError] = useState(null);
  const send = useMutation(api.messages.send).withOptimisticUpdate((localQueryStore, { body }) =>
    insertAtTop({
      paginatedQuery: api.messages.page,
      localQueryStore,
      item: { _id: crypto.randomUUID(), _creationTime: Date.now(), author, body, isPending: true },
    }),
  );

  async function submit(event) {
    event.preventDefault();
    setBody("");
    setError(null);
    try {
      await send({ body });
    } catch (problem) {
      setError(problem instanceof ConvexError ? problem.data.text : "Something went wrong");
    }
  }

  return (
    <form onSubmit={submit}>
      <input aria-label="Message" value={body} onChange={(event) => setBody(event.target.value)} />
      <button>Send</button>
      {error && <p role="alert">{error}</p>}
    </form>
  );
}

function Messages() {
  const { results, status, loadMore } = usePaginatedQuery(api.messages.page, {}, { initialNumItems: 5 });
  const count = useQuery(api.messages.count);
  return (
    <>
      <p className="topic">{count} messages</p>
      <ol>
        {results.map((message) => (
          <li key={message._id} className={message.isPending && "pending"}>
            <b>{message.author}</b> <span>{message.body}</span>
          </li>
        ))}
      </ol>
      {status === "CanLoadMore" && <button onClick={() => loadMore(5)}>Load more</button>}
    </>
  );
}

function Connection() {
  const { hasEverConnected, isWebSocketConnected } = useConvexConnectionState();
  return hasEverConnected && !isWebSocketConnected && <p role="status">The emulator is away…</p>;
}

createRoot(document.getElementById("root")).render(
  <ConvexProvider client={convex}>
    <Connection />
    <Room />
  </ConvexProvider>,
);
