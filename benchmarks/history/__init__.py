"""History of cgrad's times; asv wants a package."""
