// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace page {

inline constexpr std::string_view html = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Chat</title>
<h1>Chat</h1>
<form id="join">
  <label>Room <input id="room" value="lobby" required></label>
  <label>Name <input id="name" maxlength="20" required></label>
  <button>Join</button>
</form>
<p id="state" role="status">not connected</p>
<ol id="messages"></ol>
<form id="write" hidden>
  <label>Message <input id="text" maxlength="1000" autocomplete="off" required></label>
  <button>Send</button>
</form>
<script src="/chat.js"></script>
</html>
)";

inline constexpr std::string_view script = R"('use strict';
const element = (id) => document.getElementById(id);
let socket;

element('join').addEventListener('submit', (event) => {
  event.preventDefault();
  socket?.close();
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const room = encodeURIComponent(element('room').value);
  const name = encodeURIComponent(element('name').value);
  const joined = new WebSocket(`${scheme}://${location.host}/chat/${room}?name=${name}`);
  socket = joined;
  joined.onopen = () => {
    element('state').textContent = 'connected';
    element('write').hidden = false;
  };
  joined.onmessage = ({ data }) => {
    const line = document.createElement('li');
    line.textContent = data;
    element('messages').append(line);
  };
  joined.onclose = ({ code, reason }) => {
    if (socket !== joined) return;
    element('state').textContent = `not connected (${code} ${reason})`;
    element('write').hidden = true;
  };
});

element('write').addEventListener('submit', (event) => {
  event.preventDefault();
  socket.send(element('text').value);
  element('text').value = '';
});
)";

}  // namespace page
