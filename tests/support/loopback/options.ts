/**
 * What a container can be.
 *
 * @module
 */
import type { KeyPair } from "./keys.ts";

/** The password of every user who has one. Another one in each process: who looks for it finds none of another test's. */
export const PASSWORD = `open sesame ${crypto.randomUUID()}`;

/** A login of a container. */
export interface ContainerUser {
  /** The login shell. @default "/bin/bash" */
  readonly shell?: string;
  /** Whether and how sudo lets this user become root. @default "none" */
  readonly sudo?: "free" | "password" | "none";
  /** Whether the user has {@linkcode PASSWORD}, which sshd takes too. @default false */
  readonly password?: boolean;
  /** Where the container's identity is authorised: at home, in /etc/ssh/authorized_keys.d, or nowhere. @default "home" */
  readonly keys?: "home" | "etc" | "none";
}

/** A file of a container, with the default mode 0644, owned by root. */
export type ContainerFile = string | { readonly text: string | Uint8Array; readonly mode?: number };

/** What a container is made of; everything has a default. */
export interface ContainerOptions {
  /** Users besides, or in the place of, the {@linkcode USERS} that every container has. */
  readonly users?: Readonly<Record<string, ContainerUser>>;
  /** The text of /etc/os-release. @default Debian's, or an installer's */
  readonly osRelease?: string;
  /** Whether /etc/os-release says that this is an installer of NixOS. @default false */
  readonly installer?: boolean;
  /** What /proc/sys/kernel/random/boot_id says. @default a new one */
  readonly bootId?: string;
  /** Whether its kernel seems to know kexec; it never does one. @default "possible" */
  readonly kexec?: "possible" | "disabled" | "missing";
  /** What version its kernel says that it is. @default this machine's */
  readonly kernel?: string;
  /** What its kernel says that it was started by. @default "firmware" */
  readonly startedBy?: "firmware" | "kexec";
  /** The kind of container that it says it is. @default "none" */
  readonly container?: string;
  /** Commands that the container lacks. @default [] */
  readonly without?: readonly string[];
  /** Files by absolute path. Parents are made. */
  readonly files?: Readonly<Record<string, ContainerFile>>;
  /** Shell code that root runs in the container before sshd starts. */
  readonly setup?: string;
  /** The machine's ssh keys. @default a new ed25519 key */
  readonly hostKeys?: readonly KeyPair[];
  /** The key that the users authorise. @default a new one */
  readonly identity?: KeyPair;
  /** Where sshd listens. @default "127.0.0.1" */
  readonly address?: string;
  /** The words that run a command in the network namespace that has this address. @default this machine's */
  readonly enter?: readonly string[];
  /** sshd's port. @default a free one */
  readonly port?: number;
  /** Whether sshd lets root in. @default true */
  readonly rootLogin?: boolean;
  /** Lines of sshd's configuration, which win over the container's own. @default [] */
  readonly sshdConfig?: readonly string[];
}

/** The users that every container has. */
export const USERS: Readonly<Record<string, ContainerUser>> = {
  root: {},
  admin: { sudo: "free" },
  plain: {},
  fishy: { shell: "/usr/bin/fish", sudo: "free" },
  dashy: { shell: "/bin/sh" },
  cshy: { shell: "/bin/csh" },
  pwuser: { sudo: "password", password: true, keys: "none" },
};
