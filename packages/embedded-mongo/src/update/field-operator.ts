/** What an operator knows besides the value it changes. */
export interface OperatorContext {
  readonly now: Date;
  readonly path: string;
}

/** A compiled operator for one path. */
export interface FieldOperator {
  /**
   * What a missing field means: create it, leave it (but fail if a scalar is in the way), or leave it whatever is there.
   */
  readonly onMissing: 'create' | 'skip' | 'ignore';
  readonly onInsertOnly?: boolean;
  /** The next value of the field; undefined removes it. */
  apply(current: unknown, context: OperatorContext): unknown;
}
