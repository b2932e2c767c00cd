/**
 * Machines on a loopback address, for tests.
 *
 * ```ts ignore
 * await using box = await startBox({ without: ["setsid"] });
 * const { identityFile, port } = box;
 * await using target = await connect(`root@${box.host}`, { identityFile, port, hostKey: "off" });
 * ```
 *
 * @module
 */
export * from "./box.ts";
export * from "./current_sshd.ts";
export * from "./home.ts";
export * from "./kexec.ts";
export * from "./keys.ts";
export * from "./machine.ts";
export * from "./options.ts";
export * from "./port.ts";
