/**
 * Percent-encodings of what cannot stand for itself in a URI. All others have a second spelling, or hide a slash, a
 * backslash or a control character from whoever does not decode them. "%252e" is "." to whoever decodes twice.
 */
const ENCODED = String.raw`%(?:2[023]|25(?![0-9A-Fa-f]{2})|3[CEF]|5[BDE]|60|7[BCD]|[89A-F][0-9A-F])`;
const CHARACTER = String.raw`[A-Za-z0-9\-._~:@!$&'()*+,;=]|${ENCODED}`;
/** No capitals, no user information, no fragment, no empty segment: with and without them it is the same resource. */
const SCHEME = String.raw`[a-z][a-z0-9+.\-]*`;
const AUTHORITY = String.raw`\/\/(?:[a-z0-9\-._~!$&'()*+,;=:]|[[\]])*`;
const CANONICAL = new RegExp(
  String.raw`^${SCHEME}:(?:${AUTHORITY}(?=[/?]|$))?(?:${CHARACTER}|\/(?!\/))*(?:\?(?:${CHARACTER}|[/?])*)?$`,
);
/** A parser ends the path at "?", a server that takes the URI for a file's name does not. */
const DOT_SEGMENT = /[/:?]\.{1,2}(?:[/;?]|$)/;
/** RFC 8089: neither host nor query, which those who look at the path alone would not see. */
const OTHER_THAN_LOCAL_FILE = /^file:(?!\/\/\/[^?]*$)/;
const TRAILING_DOT_OF_HOST = /^[^:]*:\/\/[^/?]*\.(?:[:/?]|$)/;
const EXPRESSION = /\{[^{}]*\}/g;

/**
 * Whether a server might read the URI as another text than a pattern does: it is not in the one spelling that URL
 * parsing (WHATWG) and normalization (RFC 3986 §6.2) both leave as it is. `file:///public/.\t./x` and
 * `FILE:///secret/x` are such, and what is no URI at all.
 */
export function isDoubtfulUri(uri: string): boolean {
  if (!CANONICAL.test(uri) || DOT_SEGMENT.test(uri)) return true;
  if (OTHER_THAN_LOCAL_FILE.test(uri) || TRAILING_DOT_OF_HOST.test(uri)) return true;
  return !isUtf8(uri) || URL.parse(uri)?.href !== uri;
}

/** `isDoubtfulUri` for a template (RFC 6570): what its expressions may become is judged when it is read. */
export function isDoubtfulTemplate(template: string): boolean {
  return isDoubtfulUri(template.replaceAll(EXPRESSION, "x"));
}

/** An overlong "%C0%AE" is "." to a careless decoder. */
function isUtf8(uri: string): boolean {
  try {
    decodeURIComponent(uri);
    return true;
  } catch {
    return false;
  }
}
