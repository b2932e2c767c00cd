/** Types of which two values are the same when they read the same. */
const READ_THE_SAME: readonly unknown[] = [RegExp, URL, URLSearchParams, Intl.Locale];

/**
 * Whether two values have the same structure. Zero equals minus zero, NaN equals NaN, an object
 * without a prototype equals a plain one, and a key set to undefined differs from one not there.
 */
export function equal(a: unknown, b: unknown): boolean {
  return new Comparison().same(a, b);
}

class Comparison {
  /** Pairs being compared further up, so that values holding themselves come to an end. */
  readonly #open = new Map<object, object>();

  same(a: unknown, b: unknown): boolean {
    if (a === b || Object.is(a, b)) return true;
    if (typeof a !== "object" || typeof b !== "object" || !a || !b) return false;
    if (!sameKind(a, b)) return false;
    if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
    if (READ_THE_SAME.includes(a.constructor)) return String(a) === String(b);
    if (a instanceof ArrayBuffer) return sameBytes(new Uint8Array(a), new Uint8Array(b as never));
    if (ArrayBuffer.isView(a) && "length" in a) return sameBytes(a as never, b as never);
    if (this.#open.get(a) === b) return true;
    this.#open.set(a, b);
    if (a instanceof Set) return this.#sameMembers([...a], [...b as Set<unknown>]);
    if (a instanceof Map) return this.#sameMembers([...a], [...b as Map<unknown, unknown>]);
    return this.#sameProperties(a, b);
  }

  /** Order does not count, and each member on the right is used once. */
  #sameMembers(left: unknown[], right: unknown[]): boolean {
    return left.length === right.length && left.every((member) => {
      const index = right.findIndex((candidate) => this.same(member, candidate));
      return index >= 0 && right.splice(index, 1).length === 1;
    });
  }

  #sameProperties(a: object, b: object): boolean {
    if (Object.keys(a).length !== Object.keys(b).length) return false;
    for (const key of new Set([...properties(a), ...properties(b)])) {
      if (key in a !== key in b || !this.same(Reflect.get(a, key), Reflect.get(b, key))) {
        return false;
      }
    }
    return true;
  }
}

function sameKind(a: object, b: object): boolean {
  const [left, right] = [a, b].map((value) => Object.getPrototypeOf(value) ?? Object.prototype);
  return left === right;
}

function sameBytes(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  return a.length === b.length && Array.prototype.every.call(a, (value, i) => {
    return value === b[i] || Object.is(value, b[i]);
  });
}

/** Own keys and those of the classes above: a getter counts as much as a field. */
function properties(value: object): PropertyKey[] {
  const plain = [null, Object.prototype, Array.prototype];
  const keys: PropertyKey[] = [];
  for (let at = value; at === value || !plain.includes(at); at = Object.getPrototypeOf(at)) {
    keys.push(...Reflect.ownKeys(at));
  }
  return keys;
}
