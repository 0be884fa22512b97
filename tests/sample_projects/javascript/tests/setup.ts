/** Test files run at the same time, so each has an emulator of its own; it ends when nobody has used it for a minute. */

import { emulator } from "../emulator";

const { convex_url, gateway_url, control_url, token } = (await emulator.instance({ expires: "1m" })).facts;
Object.assign(process.env, {
  CONVEX_URL: convex_url,
  OPENCLAW_GATEWAY_URL: gateway_url,
  EMULATOR_CONTROL_URL: control_url,
  EMULATOR_TOKEN: token,
});
