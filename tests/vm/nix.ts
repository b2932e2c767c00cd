/**
 * What nix on this machine needs to build the machine's flake: no daemon, no sandbox, no network.
 *
 * @module
 */

/** The value of NIX_CONFIG. */
export const NIX_CONFIG = [
  "build-users-group =",
  "sandbox = false",
  "substituters =",
  "experimental-features = nix-command flakes",
].join("\n");
