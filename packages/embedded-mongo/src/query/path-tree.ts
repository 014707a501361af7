/** Dotted paths as a tree. A node has a value or children, never both: no path may lie inside another. */
export class PathTree<T> {
  value: T | undefined;
  private readonly children = new Map<string, PathTree<T>>();

  /** Adds a path; answers how it collides with those already there, null if it does not. */
  add(path: string, value: T): 'same' | 'inside' | null {
    return this.addParts(path.split('.'), value);
  }

  private addParts([part, ...rest]: string[], value: T): 'same' | 'inside' | null {
    if (this.value !== undefined) return part === undefined ? 'same' : 'inside';
    if (part === undefined) {
      if (this.children.size > 0) return 'same';
      this.value = value;
      return null;
    }
    let next = this.children.get(part);
    if (next === undefined) this.children.set(part, (next = new PathTree<T>()));
    return next.addParts(rest, value);
  }

  /** The node of a field, undefined if no path goes through it. */
  child(name: string): PathTree<T> | undefined {
    return this.children.get(name);
  }

  /** The fields of this node in the order they were added. */
  entries(): [string, PathTree<T>][] {
    return [...this.children];
  }
}
