//! Generations of tasks: one that ends while its generation lives ends the process.
