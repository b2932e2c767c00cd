/**
 * The command on a terminal, with somebody who answers its questions.
 *
 * @module
 */
import { ROOT } from "../checks/sources.ts";
import type { Sandbox } from "../support/install/sandbox.ts";

const CLI = decodeURIComponent(new URL("cli.ts", ROOT).pathname);

// Answers each question that a line of the terminal holds, and counts them.
const TYPIST = `
import json, os, pty, select, sys, time
answers = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0: os.execvp(sys.argv[2], sys.argv[2:])
asked, all, line = 0, b'', b''
end = time.time() + 150
while time.time() < end:
    if not select.select([fd], [], [], 1)[0]: continue
    try: part = os.read(fd, 4096)
    except OSError: break
    if not part: break
    all += part
    line = (line + part)[-2000:]
    for question, answer in answers.items():
        if question.encode() in line:
            asked += 1
            line = b''
            os.write(fd, answer.encode() + b'\\n')
else: os.kill(pid, 9)
_, status = os.waitpid(pid, 0)
print(json.dumps({'asked': asked, 'code': os.waitstatus_to_exitcode(status), 'output': all.decode(errors='replace')}))
`;

/** How a command on a terminal ended. */
export interface Typed {
  /** How many questions were answered. */
  readonly asked: number;
  readonly code: number;
  readonly output: string;
}

/** A command on a terminal of its own. Disposal waits for its end. */
export class Terminal implements AsyncDisposable {
  readonly end: Promise<Typed>;

  /** Starts it; `answers` has the line that answers each question, known by a part of it. */
  constructor(
    sandbox: Sandbox,
    words: readonly string[],
    answers: Readonly<Record<string, string>>,
    env: Readonly<Record<string, string>> = {},
  ) {
    const command = [Deno.execPath(), "run", "-A", "--no-check", CLI, ...words];
    this.end = new Deno.Command("python3", {
      args: ["-c", TYPIST, JSON.stringify(answers), ...command],
      cwd: `${sandbox.folder}/run`,
      env: { ...sandbox.env, ...env },
      stdin: "null",
    }).output().then(({ stdout, stderr }) => {
      const text = new TextDecoder().decode(stdout);
      if (text === "") throw new Error(new TextDecoder().decode(stderr));
      return JSON.parse(text);
    });
    this.end.catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end.catch(() => {});
  }
}
