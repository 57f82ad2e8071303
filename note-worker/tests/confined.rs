//! What the worker has given up before it reads the first foreign byte.
