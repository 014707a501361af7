import type { IndexDef } from '../catalog/catalog';
import type { KeySpan } from '../storage/storage';

/** One pass over the documents themselves or over one index. */
export interface ScanBranch {
  /** Undefined: the documents, ordered by `_id`. */
  readonly index: IndexDef | undefined;
  readonly kind: 'IDHACK' | 'CLUSTERED_IXSCAN' | 'COLLSCAN' | 'IXSCAN';
  readonly spans: readonly KeySpan[];
  readonly reverse: boolean;
  /** How many bounds the plan found, for the choice and for explain. */
  readonly boundFields: readonly string[];
}

/** How a query is answered. */
export interface Plan {
  readonly branches: readonly ScanBranch[];
  /** True when every scanned document matches: nothing has to be decoded. */
  readonly exact: boolean;
  readonly sortProvided: boolean;
  /** True when a document may be met more than once. */
  readonly dedupe: boolean;
}

/** The requested order as path and direction. */
export type SortSpec = readonly (readonly [string, 1 | -1])[];
