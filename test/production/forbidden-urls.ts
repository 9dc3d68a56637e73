/** Addresses that a Worker has no business at: this machine, its network, and who keeps its credentials. */
const LOOPBACK = ["127.0.0.1", "127.1.2.3", "0.0.0.0"];
const INTERNAL = ["10.0.0.1", "100.100.100.200", "169.254.169.254", "192.168.0.1"];

const NAMES = [
  "localhost LocalHost localhost. localhost.. ｌｏｃａｌｈｏｓｔ ⓛⓞⓒⓐⓛⓗⓞⓢⓣ %6cocalhost localhost。 a.localhost a.b.localhost.",
  "127.0.0.1.localhost localhost.localdomain printer.local router.home nas.lan mail.corp db.private wiki.intranet",
  "metadata.google.internal METADATA.GOOGLE.INTERNAL. metadata。google。internal instance-data.ec2.internal",
  "host.docker.internal kubernetes.default.svc kubernetes.default.svc.cluster.local router.home.arpa metadata wpad",
  "kubernetes ip6-localhost team.cloudflareaccess.com crossgate.account.workers.dev a.WORKERS.dev.",
].flatMap((line) => line.split(" "));

const SIX = [
  "::1 0:0:0:0:0:0:0:1 0000:0000:0000:0000:0000:0000:0000:0001 ::0:1 :: ::0 ::1%25lo ::1%lo fe80::1 fe80::1%25eth0",
  "fec0::1 fc00::1 fd00:ec2::254 ff02::1 100::1 2001:db8::1",
].flatMap((line) => line.split(" "));

/** Where a forbidden host hides behind another, or another scheme is at work; `at` is the host with its port. */
const DISGUISES: readonly ((at: string) => string)[] = [
  (at) => `https://idp.example.com@${at}/`,
  (at) => `https://idp.example.com:443@${at}/`,
  (at) => `https://user:pass@${at}/`,
  (at) => `https://idp.example.com%2f@${at}/`,
  (at) => `https://${at}/#idp.example.com`,
  (at) => `https://${at}#@idp.example.com/`,
  (at) => `https://${at}\\@idp.example.com/`,
  (at) => `https:\\\\${at}/`,
  (at) => `https:/${at}/`,
  (at) => `https:${at}/`,
  (at) => `https:////${at}/`,
  (at) => ` https://${at}/ `,
  (at) => `ht\ntps://${at}/`,
  (at) => `https:/\t/${at}/`,
  (at) => `HTTPS://${at}/`,
  (at) => `hTTp://${at}/`,
  (at) => `//${at}/`,
  (at) => `///${at}/`,
  (at) => `\\\\${at}\\`,
  (at) => `ftp://${at}/`,
  (at) => `ws://${at}/`,
  (at) => `wss://${at}/`,
  (at) => `gopher://${at}/_GET`,
  (at) => `file://${at}/etc/passwd`,
  (at) => `blob:http://${at}/1`,
  (at) => `view-source:http://${at}/`,
  (at) => `data:text/html,<meta http-equiv=refresh content="0;http://${at}/">`,
  (at) => `javascript:fetch("http://${at}/")`,
  (at) => `jar:http://${at}/!/`,
  (at) => `https://${at}/.well-known/oauth-authorization-server`,
  (at) => `https://${at}/?url=https://idp.example.com/`,
  (at) => `https://${at}/..;/`,
];

/** Every form at this port, over http and over https, each once. */
export function forbiddenUrls(port: number): readonly string[] {
  const hosts = [...LOOPBACK, ...INTERNAL].flatMap((address) => spellings(address));
  const all = [...hosts, ...SIX.map((address) => `[${address}]`), ...NAMES];
  const plain = all.flatMap((host) => [`http://${host}:${port}/`, `https://${host}:${port}/`]);
  const disguised = LOOPBACK.flatMap((address) => DISGUISES.map((disguise) => disguise(`${address}:${port}`)));
  return [...new Set([...plain, ...disguised])];
}

/** One IPv4 address in every way that some parser takes for it. */
export function spellings(address: string): readonly string[] {
  const bytes = address.split(".").map(Number);
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  const [high, low] = [(a * 256 + b).toString(16), (c * 256 + d).toString(16)];
  const hex = number.toString(16);
  const byByte = (spell: (byte: number) => string): string => bytes.map((byte) => spell(byte)).join(".");
  const inDigits = (zero: number): string =>
    address.replaceAll(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));
  return [
    address,
    `${address}.`,
    `${address}..`,
    String(number),
    `${number}.`,
    `0x${hex}`,
    `0X${hex.toUpperCase()}`,
    `0${number.toString(8)}`,
    byByte((byte) => `0x${byte.toString(16)}`),
    byByte((byte) => `0${byte.toString(8)}`),
    byByte((byte) => `000${byte.toString(8)}`),
    `0x${a.toString(16)}.${b}.0${c.toString(8)}.${d}`,
    `${a}.${b * 65_536 + c * 256 + d}`,
    `${a}.${b}.${c * 256 + d}`,
    `0x${a.toString(16)}.0${(b * 65_536 + c * 256 + d).toString(8)}`,
    address.replaceAll(".", "。"),
    address.replaceAll(".", "．"),
    address.replaceAll(".", "｡"),
    address.replaceAll(".", "%2e"),
    address.replaceAll(/./g, (char) => `%${char.charCodeAt(0).toString(16)}`),
    inDigits(0xff10),
    inDigits(0x1d7ce),
    address.replace(".", ".\t"),
    address.replace(".", "\r\n."),
    `[::ffff:${address}]`,
    `[::ffff:${high}:${low}]`,
    `[::${address}]`,
    `[::ffff:0:${address}]`,
    `[64:ff9b::${address}]`,
    `[64:ff9b:1::${high}:${low}]`,
    `[2002:${high}:${low}::1]`,
    `[2001:0:${high}:${low}::1]`,
    `[fe80::5efe:${address}]`,
  ];
}
