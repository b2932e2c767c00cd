/**
 * A command on a terminal of its own: what it writes with its times, and somebody who answers, resizes and interrupts.
 *
 * @module
 */

/** What somebody does when the terminal has shown a text since the last thing that was done. */
export interface Act {
  /** The text; control characters of the output are in it. */
  readonly when: string;
  /** Seconds that are let pass before it is done. @default 0 */
  readonly after?: number;
  /** What is typed. @default nothing */
  readonly type?: string;
  /** The size that the terminal gets. @default as it is */
  readonly resize?: readonly [columns: number, rows: number];
}

/** What was written at once. */
export interface Frame {
  /** Seconds since the start. */
  readonly at: number;
  readonly text: string;
  /** The terminal's width then. */
  readonly columns: number;
}

/** How it ended. */
export interface Recorded {
  readonly frames: readonly Frame[];
  readonly output: string;
  readonly code: number;
  /** How many of the acts were done. */
  readonly done: number;
  /** What was written between the text that each act waited for and the act. */
  readonly between: readonly string[];
  /** Seconds at which the acts were done. */
  readonly times: readonly number[];
  /** Processor seconds of the command and of all that it has waited for. */
  readonly cpu: number;
  readonly seconds: number;
}

const DRIVER = `
import codecs, fcntl, json, os, pty, resource, select, signal, struct, sys, termios, time
wanted = json.loads(sys.argv[1])
def size(columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', wanted['rows'], wanted['columns'], 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
columns = wanted['columns']
decoder = codecs.getincrementaldecoder('utf-8')('replace')
began = time.time()
frames, seen, done, due, between, times = [], '', 0, None, [], []
acts = wanted['acts']
while time.time() - began < wanted['seconds']:
    if done < len(acts) and due is None and acts[done]['when'] in seen:
        due = time.time() + acts[done].get('after', 0)
    if due is not None and time.time() >= due:
        act = acts[done]
        between.append(seen.split(act['when'], 1)[1])
        times.append(time.time() - began)
        done, due, seen = done + 1, None, ''
        if 'resize' in act:
            columns = act['resize'][0]
            size(*act['resize'])
        os.write(fd, act.get('type', '').encode())
    if not select.select([fd], [], [], 0.05)[0]: continue
    try: part = os.read(fd, 65536)
    except OSError: break
    if not part: break
    text = decoder.decode(part)
    frames.append({'at': time.time() - began, 'text': text, 'columns': columns})
    seen = (seen + text)[-20000:]
else: os.kill(pid, signal.SIGKILL)
_, status, used = os.wait4(pid, 0)
print(json.dumps({'frames': frames, 'done': done, 'between': between, 'times': times, 'code': os.waitstatus_to_exitcode(status),
    'cpu': used.ru_utime + used.ru_stime, 'seconds': time.time() - began}))
`;

/** Runs a command on a terminal to its end. */
export async function onTerminal(
  command: readonly string[],
  options: {
    readonly columns?: number;
    readonly rows?: number;
    /** What kind of terminal it says it is. @default "xterm-256color" */
    readonly term?: string;
    readonly acts?: readonly Act[];
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    /** After how many seconds it is killed. @default 150 */
    readonly seconds?: number;
  } = {},
): Promise<Recorded> {
  const {
    columns = 80,
    rows = 24,
    acts = [],
    env = {},
    cwd,
    seconds = 150,
    term = "xterm-256color",
  } = options;
  const { stdout, stderr } = await new Deno.Command("python3", {
    args: ["-c", DRIVER, JSON.stringify({ columns, rows, acts, seconds }), ...command],
    env: { ...env, TERM: term, LC_ALL: "C.UTF-8", CI: "", SSH_ASKPASS_REQUIRE: "never" },
    ...(cwd !== undefined && { cwd }),
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (text === "") throw new Error(new TextDecoder().decode(stderr));
  const recorded = JSON.parse(text) as Omit<Recorded, "output">;
  return { ...recorded, output: recorded.frames.map((frame) => frame.text).join("") };
}
