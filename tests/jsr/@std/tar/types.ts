/** What a tar archive notes of an entry besides its name and content. */
export interface TarStreamOptions {
  /** Permissions. Defaults to 0o755 for folders, 0o777 for links and 0o644 for files. */
  mode?: number;
  /** The owner's number. @default {0} */
  uid?: number;
  /** The group's number. @default {0} */
  gid?: number;
  /** Seconds since 1970. Defaults to now. */
  mtime?: number;
  /** The owner's name. @default {""} */
  uname?: string;
  /** The group's name. @default {""} */
  gname?: string;
  /** A device's major number. @default {""} */
  devmajor?: string;
  /** A device's minor number. @default {""} */
  devminor?: string;
}

/** A file on its way into an archive. */
export interface TarStreamFile {
  type: "file";
  path: string;
  /** Exactly as many bytes as `readable` gives. */
  size: number;
  readable: ReadableStream<Uint8Array>;
  options?: TarStreamOptions;
}

/** A folder on its way into an archive. */
export interface TarStreamDir {
  type: "directory";
  path: string;
  options?: TarStreamOptions;
}

/** A symbolic link on its way into an archive. */
export interface TarStreamSymlink {
  type: "symlink";
  path: string;
  /** Where it points, at most 100 bytes. */
  linkname: string;
  options?: TarStreamOptions;
}

/** Anything that can go into an archive. */
export type TarStreamInput = TarStreamFile | TarStreamDir | TarStreamSymlink;

/** The fields every tar header has. */
export interface OldStyleFormat {
  name: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  typeflag: string;
  linkname: string;
}

/** The fields of a ustar header. */
export interface PosixUstarFormat extends OldStyleFormat {
  magic: string;
  version: string;
  uname: string;
  gname: string;
  devmajor: string;
  devminor: string;
  prefix: string;
}

/** One entry of an archive that is being read. */
export interface TarStreamEntry {
  header: OldStyleFormat | PosixUstarFormat;
  path: string;
  /** Not there for links, devices and folders. To be read or cancelled before the next entry. */
  readable?: ReadableStream<Uint8Array>;
}
