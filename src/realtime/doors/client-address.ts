import { BlockList, isIP } from 'node:net';

const NAMED_RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
/** Dual-stack listeners show IPv4 peers as `::ffff:1.2.3.4`. */
const plain = (address: string): string => address.trim().replace(/^::ffff:(?=\d+\.)/i, '');

function rangesOf(proxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of proxies.flatMap((proxy) => NAMED_RANGES[proxy] ?? [proxy])) {
    const [address = '', prefix] = entry.split('/');
    if (!isIP(address)) continue;
    if (prefix === undefined) list.addAddress(address, family(address));
    else list.addSubnet(address, Number(prefix), family(address));
  }
  return list;
}

/** Finds the address of a client behind the proxies that the settings trust; headers of others mean nothing. */
export class ClientAddress {
  private readonly trusted: BlockList;

  /** @param proxies addresses, CIDR ranges or `loopback`, `linklocal`, `uniquelocal` */
  constructor(proxies: readonly string[]) {
    this.trusted = rangesOf(proxies);
  }

  /** @returns the nearest address that is not a trusted proxy */
  of(peer: string, forwardedFor: string | readonly string[] | undefined): string {
    const header = typeof forwardedFor === 'string' ? forwardedFor : (forwardedFor ?? []).join(',');
    const hops = header.split(',').map(plain).reverse();
    let address = plain(peer);
    for (const hop of hops) {
      if (!isIP(hop) || !isIP(address) || !this.trusted.check(address, family(address))) break;
      address = hop;
    }
    return address;
  }
}
