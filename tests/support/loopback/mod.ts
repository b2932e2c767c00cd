/**
 * Machines on a loopback address, for tests.
 *
 * ```ts ignore
 * await using container = await startContainer({ without: ["setsid"] });
 * const { identityFile, port } = container;
 * await using target = await connect(`root@${container.host}`, { identityFile, port, hostKey: "off" });
 * ```
 *
 * @module
 */
export * from "./container.ts";
export * from "./current_sshd.ts";
export * from "./home.ts";
export * from "./kexec.ts";
export * from "./keys.ts";
export * from "./machine.ts";
export * from "./options.ts";
export * from "./port.ts";
