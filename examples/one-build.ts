/**
 * Many machines from one build. One that fails does not end the others.
 *
 *     deno run -A examples/one-build.ts .#node root@203.0.113.7 root@203.0.113.8
 */
import { buildConfiguration, nixosAnywhere } from "@nixos-anywhere/deno";

const [flake = ".#node", ...hosts] = Deno.args;

await using storePaths = await buildConfiguration(flake);
const ended = await Promise.allSettled(
  hosts.map((host) => nixosAnywhere({ storePaths, host, copyHostKeys: true })),
);
for (const [at, { status }] of ended.entries()) console.log(`${hosts[at]}: ${status}`);
Deno.exitCode = ended.every(({ status }) => status === "fulfilled") ? 0 : 1;
