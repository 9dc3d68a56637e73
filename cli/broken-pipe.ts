/** Whoever reads our output may have seen enough (`… | head`): that ends the program and is no fault of it. */
export function endWhenNobodyReads(output: NodeJS.WriteStream): void {
  output.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
}
