/** Helpers for web streams. @module */

import { buffer, text } from "node:stream/consumers";

export * from "./text_line_stream.ts";

/** Options of {@linkcode LimitedBytesTransformStream}. */
export interface LimitedBytesTransformStreamOptions {
  /** Fail with a RangeError instead of ending the stream. @default {false} */
  error?: boolean;
}

/** Passes whole chunks on while they fit into a number of bytes. */
export class LimitedBytesTransformStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor(size: number, { error = false }: LimitedBytesTransformStreamOptions = {}) {
    let left = size;
    super({
      transform(chunk, controller) {
        if (chunk.byteLength <= left) {
          left -= chunk.byteLength;
          controller.enqueue(chunk);
        } else if (error) throw new RangeError(`More than ${size} bytes`);
        else controller.terminate();
      },
    });
  }
}

/** Everything a stream has, as one string. */
export async function toText(
  stream: ReadableStream<string> | ReadableStream<Uint8Array>,
): Promise<string> {
  return await text(stream as unknown as AsyncIterable<Uint8Array>);
}

/** Everything a stream has, as one array. */
export async function toBytes(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return Uint8Array.from(await buffer(stream));
}

/** The chunks of several streams as they come; it ends with the last, and fails with the first. */
export function mergeReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T> {
  return new ReadableStream<T>({
    start(controller) {
      const all = streams.map(async (stream) => {
        for await (const chunk of stream) controller.enqueue(chunk);
      });
      Promise.all(all).then(() => controller.close()).catch((error) => controller.error(error));
    },
  });
}

/** The chunks of several streams, one stream after the other. */
export function concatReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T> {
  return ReadableStream.from(async function* () {
    for (const stream of streams) yield* stream;
  }());
}

/** A generator over the chunks of a stream, as a step of a pipe. */
export function toTransformStream<I, O>(
  transformer: (src: ReadableStream<I>) => Iterable<O> | AsyncIterable<O>,
  writableStrategy?: QueuingStrategy<I>,
  readableStrategy?: QueuingStrategy<O>,
): TransformStream<I, O> {
  const { readable, writable } = new TransformStream<I, I>(undefined, writableStrategy);
  const out = new TransformStream<O, O>(undefined, undefined, readableStrategy);
  return { writable, readable: ReadableStream.from(transformer(readable)).pipeThrough(out) };
}
