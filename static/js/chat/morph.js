/** Changing what stands on the page into what should stand there, keeping every node that is already so. */

/** Whether `old` may stay where `fresh` should stand, once its children are made the same. */
export function sameElement(old, fresh) {
  if (old.nodeType !== fresh.nodeType) {
    return false;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    return true;
  }
  if (fresh.dataset.chip !== undefined || old.dataset.chip !== undefined) {
    return old.dataset.chip === fresh.dataset.chip;
  }
  return (
    old.tagName === fresh.tagName &&
    old.attributes.length === fresh.attributes.length &&
    [...fresh.attributes].every(({ name, value }) => old.getAttribute(name) === value)
  );
}

/** Make the children of `parent` what `fresh` is. */
export function morph(parent, fresh) {
  const old = [...parent.childNodes];
  fresh.forEach((node, index) => {
    const there = old[index];
    if (!there) {
      parent.append(node);
    } else if (!sameElement(there, node)) {
      there.replaceWith(node);
    } else if (node.nodeType === Node.TEXT_NODE) {
      if (there.data !== node.data) {
        there.data = node.data;
      }
    } else if (node.dataset?.chip === undefined) {
      morph(there, [...node.childNodes]);
    }
  });
  for (const extra of old.slice(fresh.length)) {
    extra.remove();
  }
}
