const lab = require('@jupyterlab/testutils/lib/jest-config');

module.exports = { ...lab(__dirname), reporters: ['default'] };
