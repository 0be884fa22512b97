/** A room's messages, in the words that the app shows. */

import { ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";

const convex = new ConvexHttpClient(process.env.CONVEX_URL!);

export async function headline(): Promise<string> {
  try {
    const messages: { author: string; body: string }[] = await convex.query(anyApi.messages!.list!, {});
    const latest = messages[0];
    return latest === undefined ? "Nobody has said anything" : `${latest.author} says: ${latest.body}`;
  } catch {
    return "The room is closed for now";
  }
}

export async function say(author: string, body: string): Promise<void> {
  await convex.mutation(anyApi.messages!.send!, { author, body });
}
