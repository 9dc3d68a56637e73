/**
 * Whose flood it is, before anyone has said who they are: one IPv4 address, or the /64 that one IPv6 customer has at
 * the least. Only the edge's own header is read; a request that lacks it shares one bucket with its like.
 */
export function networkOf(headers: Headers): string {
  const address = headers.get("cf-connecting-ip");
  if (address === null || address.length > 64) return "unknown";
  return address.includes(":") ? prefixOf(address) : address;
}

function prefixOf(address: string): string {
  const [head = "", tail] = address.toLowerCase().split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => "0");
  return [...front, ...(tail === undefined ? [] : zeros), ...back].slice(0, 4).join(":");
}
