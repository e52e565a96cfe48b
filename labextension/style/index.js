import '@xterm/xterm/css/xterm.css';
import './base.css';
import './tests.css';
import './releases.css';
