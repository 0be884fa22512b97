/** A page that shows messages as they come. */

import { ConvexClient } from "convex/browser";
import { anyApi } from "convex/server";

const convex = new ConvexClient(window.CONVEX_URL ?? import.meta.env.VITE_CONVEX_URL);
const list = document.querySelector("ol")!;
const input = document.querySelector("input")!;

convex.onUpdate(anyApi.messages!.list!, {}, (messages: { author: string; body: string }[]) => {
  list.replaceChildren(
    ...messages.map(({ author, body }) => Object.assign(document.createElement("li"), { textContent: `${author}: ${body}` })),
  );
});

document.querySelector("form")!.onsubmit = (event) => {
  event.preventDefault();
  void convex.mutation(anyApi.messages!.send!, { author: "You", body: input.value });
};

declare global {
  interface Window {
    /** The deployment, where tests name another than the one that the page was built for. */
    CONVEX_URL?: string;
  }
}
