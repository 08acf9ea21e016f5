/** Where notes stand in a margin: as near to their places as they can without touching. Pure. */

/**
 * Tops for notes that want to stand at `wanted` (ascending), with these `heights` and at least `gap` in between; none above `least`.
 *
 * Minimises the sum of squared distances from the wanted places, in order: notes that would touch form
 * a block that stands at the mean of its wishes, and blocks that would touch join (pool adjacent violators).
 */
export function stackNotes(wanted, heights, gap, least = 0) {
  const topOf = (block) => Math.max(least, block.sum / block.count);
  const blocks = [];
  wanted.forEach((top, index) => {
    blocks.push({ first: index, last: index, sum: top, count: 1, extent: heights[index] + gap });
    while (blocks.length > 1) {
      const lower = blocks.at(-1);
      const upper = blocks.at(-2);
      if (topOf(upper) + upper.extent <= topOf(lower)) {
        break;
      }
      blocks.pop();
      upper.sum += lower.sum - lower.count * upper.extent;
      upper.count += lower.count;
      upper.extent += lower.extent;
      upper.last = lower.last;
    }
  });
  const tops = [];
  for (const block of blocks) {
    let top = topOf(block);
    for (let index = block.first; index <= block.last; index += 1) {
      tops.push(top);
      top += heights[index] + gap;
    }
  }
  return tops;
}
