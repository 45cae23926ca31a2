// Tries what is listed, all at once, and prints how each went: a TCP connection, or datagrams that are to be answered.
const { createSocket } = require('dgram');
const { readFileSync } = require('fs');
const { connect } = require('net');

const patience = 1500;
const print = (name, result) => console.log(`probe connect-${name}=${result}`);

const tries = {
    tcp(name, host, port) {
        const say = (result) => { print(name, result); socket.destroy(); };
        const socket = connect({ host, port, timeout: patience });
        socket.once('connect', () => say('open'));
        socket.once('error', (error) => say(error.code));
        socket.once('timeout', () => say('ETIMEDOUT'));
    },
    // Not tied to the other end: an answer counts, wherever it comes from.
    udp(name, host, port) {
        const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
        const send = () => socket.send('?', port, host, () => {});
        const repetition = setInterval(send, 300);
        const limit = setTimeout(() => say('ETIMEDOUT'), patience);
        const say = (result) => {
            clearInterval(repetition);
            clearTimeout(limit);
            socket.removeAllListeners();
            print(name, result);
            socket.close();
        };
        socket.once('message', () => say('open'));
        socket.once('error', (error) => say(error.code));
        send();
    },
};
for (const line of readFileSync('connections', 'utf8').trim().split('\n')) {
    const [transport, name, host, port] = line.split(' ');
    tries[transport](name, host, Number(port));
}
