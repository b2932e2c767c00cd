/** Reads and writes tar archives of the ustar kind. @module */

export * from "./tar_stream.ts";
export * from "./untar_stream.ts";
