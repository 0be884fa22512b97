"""The environment variables by which tools of Convex and of OpenClaw find a server, and ours."""

from __future__ import annotations

from collections.abc import Mapping

DEPLOYMENT_URLS = (
    "CONVEX_URL",
    "CONVEX_SELF_HOSTED_URL",
    "NEXT_PUBLIC_CONVEX_URL",
    "VITE_CONVEX_URL",
    "EXPO_PUBLIC_CONVEX_URL",
    "PUBLIC_CONVEX_URL",
    "REACT_APP_CONVEX_URL",
)
"""Where apps and `npx convex` look for the deployment, by framework: as `npx convex dev` writes them."""

SITE_URLS = (
    "CONVEX_SITE_URL",
    "NEXT_PUBLIC_CONVEX_SITE_URL",
    "VITE_CONVEX_SITE_URL",
    "EXPO_PUBLIC_CONVEX_SITE_URL",
    "PUBLIC_CONVEX_SITE_URL",
    "REACT_APP_CONVEX_SITE_URL",
)
"""Where apps look for HTTP actions."""

ELSEWHERE = ("CONVEX_DEPLOYMENT", "CONVEX_DEPLOY_KEY", "CONVEX_DEPLOYMENT_TOKEN")
"""What leads `npx convex` to a deployment in the cloud, whatever else is set. Empty is as good as not there, and is not
filled in from a project's `.env.local` as one that is not there would be."""

_ANY_SECRET = "emulator"  # noqa: S105 - a gateway that is open to everybody takes whatever comes


def variables(facts: Mapping[str, object]) -> dict[str, str]:
    """Return what a command needs in its environment to meet an emulator, and nothing but that.

    `facts` are those of the ready file. Variables are there even where a scenario has no use for them, so that no value
    of a real deployment or gateway is left beside them; only URLs of HTTP actions are left out where nothing listens.
    """
    url, control = str(facts["convex_url"]), str(facts["control_url"])
    site = {name: str(facts["site_url"]) for name in SITE_URLS} if facts.get("site_url") else {}
    token = str(facts.get("gateway_token") or _ANY_SECRET)
    return {
        **dict.fromkeys(DEPLOYMENT_URLS, url),
        **site,
        "CONVEX_SELF_HOSTED_ADMIN_KEY": str(facts.get("admin_key") or ""),
        **dict.fromkeys(ELSEWHERE, ""),
        "OPENCLAW_GATEWAY_URL": str(facts["gateway_url"]),
        "OPENCLAW_GATEWAY_TOKEN": token,
        "OPENCLAW_GATEWAY_PASSWORD": str(facts.get("gateway_password") or token),
        "EMULATOR_URL": url,
        "EMULATOR_CONTROL_URL": control,
        "EMULATOR_TOKEN": str(facts["token"]),
    }
