// SPDX-License-Identifier: BSL-1.0

export interface ServerEvent {
  readonly type: string;
  readonly data: string;
}

/**
 * Yields the server-sent events of a response as they arrive. Throws if the stream ends. To cancel the stream, the
 * caller stops the iteration.
 */
export async function* readEvents(response: Response): AsyncGenerator<ServerEvent> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  try {
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) throw new Error('the stream has ended');
      text += part.value;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const found = /^event: (\w+)\ndata: (.*)$/m.exec(block);
        if (found?.[1] !== undefined && found[2] !== undefined) yield { type: found[1], data: found[2] };
      }
    }
  } finally {
    await reader?.cancel();
  }
}
