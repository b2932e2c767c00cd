/** Options of {@linkcode TextLineStream}. */
export interface TextLineStreamOptions {
  /** A lone carriage return ends a line too. @default {false} */
  allowCR?: boolean;
}

/** Text in any pieces in, one chunk a line out, without the line endings. */
export class TextLineStream extends TransformStream<string, string> {
  constructor({ allowCR = false }: TextLineStreamOptions = {}) {
    // A carriage return at the very end stays: the next piece may start with its line feed.
    const ending = allowCR ? /\r\n|\n|\r(?!$)/g : /\r?\n/g;
    let rest = "";
    super({
      transform(piece, controller) {
        rest += piece;
        if (!/[\r\n]/.test(piece) && !rest.endsWith(`\r${piece}`)) return;
        let start = 0;
        for (const match of rest.matchAll(ending)) {
          controller.enqueue(rest.slice(start, match.index));
          start = match.index + match[0].length;
        }
        rest = rest.slice(start);
      },
      flush(controller) {
        if (rest) controller.enqueue(allowCR ? rest.replace(/\r$/, "") : rest);
      },
    });
  }
}
