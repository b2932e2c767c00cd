import settings from "../deno.json" with { type: "json" };

/** The version of this module, as the package's settings have it. */
export const VERSION: string = settings.version;
