interface Entry {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const pathOf = (url: string): string => url.split('?', 1)[0] ?? '';

/** Which methods a path answers, to tell 405 from 404. Paths with wildcards are left out: they match too much. */
export class RouteTable {
  private readonly entries = new Map<string, Entry>();

  /** @param url as registered, with `:parameters` */
  add(url: string, methods: readonly string[]): void {
    if (url.includes('*')) return;
    const known = this.entries.get(url);
    if (known) return methods.forEach((method) => known.methods.add(method));
    const source = url
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : escape(part)))
      .join('/');
    this.entries.set(url, { pattern: new RegExp(`^${source}$`), methods: new Set(methods) });
  }

  /** @returns every route as `METHOD url`, its parameters by name, sorted. */
  all(): string[] {
    return [...this.entries].flatMap(([url, { methods }]) => [...methods].map((method) => `${method} ${url}`)).sort();
  }

  /**
   * A path spelled out by a route that also fits one with parameters (`/messages/stats`, `/messages/:message_id`): only
   * its own methods count. @returns them, sorted, when `method` is none of them; else nothing.
   */
  refusalOf(method: string, url: string): string[] {
    const own = this.entries.get(pathOf(url))?.methods;
    return !own || own.has(method) ? [] : [...own].sort();
  }

  /** @returns the methods of every route that matches the path of `url`, sorted; empty when there is none. */
  methodsOf(url: string): string[] {
    const path = pathOf(url);
    const matching = [...this.entries.values()].filter(({ pattern }) => pattern.test(path));
    return [...new Set(matching.flatMap(({ methods }) => [...methods]))].sort();
  }
}
