type Named = string | undefined;
type List<T> = T | readonly Extract<T, string>[];
type Names<T> = Extract<T, string>;
type AliasMap<A extends string = string> = Readonly<Record<string, A | readonly A[]>>;

/** What {@linkcode parseArgs} is told about the options of a command. */
export interface ParseOptions<
  B extends boolean | Named = boolean | Named,
  S extends Named = Named,
  C extends Named = Named,
  N extends Named = Named,
  D extends Record<string, unknown> | undefined = Record<string, unknown> | undefined,
  A extends AliasMap | undefined = AliasMap | undefined,
  DD extends boolean | undefined = boolean | undefined,
> {
  /** Keep what follows `--` apart, under that name. @default {false} */
  "--"?: DD;
  /** Further names of options. */
  alias?: A;
  /** Options without a value; true makes every `--option` one. @default {false} */
  boolean?: B | readonly Names<B>[];
  /** Values of options that were not given. */
  default?: D;
  /** Everything behind the first argument that is no option is kept as it is. @default {false} */
  stopEarly?: boolean;
  /** Options whose values stay text. */
  string?: List<S>;
  /** Options that may be repeated, giving an array. */
  collect?: List<C>;
  /** Options that `--no-…` turns off. */
  negatable?: List<N>;
  /** Is handed what the other settings do not name, and drops it by returning false. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** What {@linkcode parseArgs} returns. */
export type Args<
  // deno-lint-ignore no-explicit-any -- untyped without settings, as the original is
  T extends Record<string, unknown> = Record<string, any>,
  DD extends boolean | undefined = undefined,
> = Flat<
  & T
  & {
    /** What belongs to no option. */
    _: Array<string | number>;
  }
  & (DD extends true ? { "--": string[] } : DD extends false | undefined ? unknown
  : { "--"?: string[] })
>;

type Flat<T> = { [K in keyof T]: T[K] };

type Off<K, N> = K extends N ? false : never;

type Flags<B, S, C, N> =
  & { [K in Exclude<Names<S>, C>]?: string | Off<K, N> }
  & { [K in Extract<Names<S>, C>]: string[] | Off<K, N> }
  & { [K in Exclude<Names<B>, C>]: boolean }
  & { [K in Extract<Names<B>, C>]: boolean[] }
  & { [K in Exclude<Names<C>, S | B>]: unknown[] | Off<K, N> };

type WithDefaults<F, D> = D extends undefined ? F
  :
    & Omit<F, keyof D>
    & { [K in keyof D]: K extends keyof F ? D[K] | NonNullable<F[K]> : unknown };

type Aliases<K, A> = K extends keyof A
  ? A[K] extends string ? A[K] : A[K] extends readonly (infer Name)[] ? Name & string : never
  : never;

type WithAliases<F, A> = { [K in keyof F as K | Aliases<K, A>]: F[K] };

/** The options found, by name. */
export type Values<B, S, C, N, D, A> = [B, S, C] extends [undefined, undefined, undefined]
  // deno-lint-ignore no-explicit-any -- untyped without settings, as the original is
  ? Record<string, any>
  : Record<string, unknown> & WithAliases<WithDefaults<Flags<B, S, C, N>, D>, A>;
