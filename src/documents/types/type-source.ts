/** One row of pg_type and what belongs to it. */
export interface TypeDescription {
  readonly oid: number;
  readonly name: string;
  /** pg_type.typtype: b base · c composite · d domain · e enum · r range · m multirange · p pseudo */
  readonly kind: string;
  /** The extension that it belongs to. */
  readonly extension?: string;
  /** A true array: the type of its elements, and what stands between them. */
  readonly element?: number;
  readonly delimiter?: string;
  /** Of a domain. */
  readonly base?: number;
  /** Of a range or multirange. */
  readonly subtype?: number;
  /** Of an enum: labels by the oid of their row. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Of a composite, without the dropped ones. */
  readonly fields?: readonly { readonly name: string; readonly type: number }[];
}

/** Where types that are not built in are looked up. */
export interface TypeSource {
  /** These types and all that they are made of. One that is gone is left out. */
  describe(oids: readonly number[]): Promise<readonly TypeDescription[]>;
}
