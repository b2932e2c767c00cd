/**
 * The link of wide_area.ts: takes packets from one TUN device and gives them to another, later. Arguments: milliseconds
 * there and back, bytes a second. Ends with its input.
 *
 * @module
 */
const [rtt = NaN, rate = NaN] = Deno.args.map(Number);

const libc = Deno.dlopen("libc.so.6", {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  offload: { name: "ioctl", parameters: ["i32", "u64", "u64"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
}).symbols;

const [O_RDWR_NONBLOCK, TUNSETIFF, TUNSETOFFLOAD] = [0x802, 0x400454can, 0x400454d0n];
/** A device of IP packets, in front of each what virtio says of it: segments come in one piece, as from a network card. */
const TUN_NO_PI_VNET_HDR = 0x5001;
const CHECKSUM_TSO4_TSO6 = 7n;
const HEADER = 10;

function openDevice(name: string): number {
  const device = libc.open(new TextEncoder().encode("/dev/net/tun\0"), O_RDWR_NONBLOCK);
  const request = new Uint8Array(40);
  request.set(new TextEncoder().encode(name));
  new DataView(request.buffer).setUint16(16, TUN_NO_PI_VNET_HDR, true);
  if (device < 0 || libc.ioctl(device, TUNSETIFF, request) < 0) throw new Error("no TUN device");
  libc.offload(device, TUNSETOFFLOAD, CHECKSUM_TSO4_TSO6);
  return device;
}

/** Bytes that wait for the link before more are dropped: what is on its way when it is full, within what routers have. */
const QUEUE = Math.min(8_000_000, Math.max(256_000, rate * rtt / 1000));

class Direction {
  readonly #queue: { readonly at: number; readonly packet: Uint8Array }[] = [];
  #head = 0;
  #free = 0;

  constructor(readonly from: number, readonly to: number) {}

  take(): void {
    for (let packets = 0; packets < 64; packets++) {
      const count = Number(libc.read(this.from, buffer, BigInt(buffer.length)));
      if (count <= 0) return;
      const now = performance.now();
      if ((this.#free - now) * rate > 1000 * QUEUE) continue;
      this.#free = Math.max(now, this.#free) + 1000 * (count - HEADER) / rate;
      this.#queue.push({ at: this.#free + rtt / 2, packet: buffer.slice(0, count) });
    }
  }

  /** Gives what is due; tells when the next one is. */
  give(): number {
    const now = performance.now();
    for (;;) {
      const next = this.#queue[this.#head];
      if (!next) break;
      if (next.at > now) return next.at;
      libc.write(this.to, next.packet, BigInt(next.packet.length));
      this.#head++;
    }
    this.#queue.length = this.#head = 0;
    return Infinity;
  }

  compact(): void {
    if (this.#head < 1000) return;
    this.#queue.splice(0, this.#head);
    this.#head = 0;
  }
}

const buffer = new Uint8Array(66_000);
const [a, b] = [openDevice("link0"), openDevice("link1")];
const ways = [new Direction(a, b), new Direction(b, a)];
const POLLIN = 1;
const waiting = new Int16Array(12);
const numbers = new Int32Array(waiting.buffer);
[0, a, b].forEach((file, index) => {
  numbers[2 * index] = file;
  waiting[4 * index + 2] = POLLIN;
});
await Deno.stdout.write(new TextEncoder().encode("ready\n"));
for (;;) {
  const due = Math.min(...ways.map((way) => way.give()));
  for (const way of ways) way.compact();
  const wait = due === Infinity ? -1 : Math.max(0, Math.ceil(due - performance.now()));
  libc.poll(waiting, 3n, wait);
  if (waiting[3] !== 0) Deno.exit(0);
  for (const way of ways) way.take();
}
