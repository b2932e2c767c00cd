/**
 * Reading output line by line, without trusting it to have lines.
 *
 * @module
 */

import { compactLine } from "./terminal.ts";

const MAX_LINE = 16 * 1024;

/** What {@linkcode eachLine} can do besides. */
export interface LineOptions {
  /** Called with the text as it comes, before it is cut into lines. */
  readonly onText?: ((text: string) => void) | undefined;
  /** Characters of a line that are kept together. Default: 16 * 1024 */
  readonly longest?: number | undefined;
  /** Ends the reading when aborted, though the stream goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** Calls `onLine` for each line of `stream`; a line past `longest` comes in pieces. Always drains. */
export async function eachLine(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
  { onText, signal, longest = MAX_LINE }: LineOptions = {},
): Promise<void> {
  let rest = "";
  const decoder = new TextDecoderStream() as Decoder;
  for await (const chunk of stream.pipeThrough(decoder, signal && { signal })) {
    onText?.(chunk);
    rest += chunk;
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (rest.length > longest) rest = compactLine(rest);
    if (rest.length > longest) {
      onLine(rest);
      rest = "";
    }
  }
  if (rest !== "") onLine(rest);
}
type Decoder = TransformStream<Uint8Array, string>;
