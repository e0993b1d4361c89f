// Waiting for something to become true, woken by whoever changes it: no polling, no sleeps.

/// A board that others wait at. `changed()` lets every waiting predicate look again.
export class Board {
  #waiting = new Set();

  changed() {
    for (const look of [...this.#waiting]) look();
  }

  /// Fulfils with the first truthy value of `predicate()`; fails after `timeout` ms, naming `what`.
  until(predicate, what, timeout = 15000) {
    return new Promise((resolve, reject) => {
      const done = (act) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        act();
      };
      const look = () => {
        let value;
        try {
          value = predicate();
        } catch (error) {
          done(() => reject(error));
          return;
        }
        if (value) done(() => resolve(value));
      };
      const timer = setTimeout(
        () => done(() => reject(new Error(`nothing came within ${timeout} ms: ${what ?? predicate}`))), timeout);
      this.#waiting.add(look);
      look();
    });
  }
}

/// Asks `probe()` again and again (for what lives in another process and cannot wake us) until it gives something truthy.
/// `what`: a text, or a function that gives it at the end.
export async function poll(probe, what, timeout = 15000, every = 20) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`still not so after ${timeout} ms: ${typeof what === 'function' ? what() : what ?? probe}`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

/// `promise`, or an error naming `what` after `timeout` ms.
export function within(promise, what, timeout = 15000) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${timeout} ms: ${what}`)), timeout);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
