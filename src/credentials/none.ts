import type { Supplier } from "./supplied.ts";

/** The upstream asks for nothing, because nobody but us can reach it. */
export const supplyNone: Supplier<"none"> = async () => ({ headers: {} });
