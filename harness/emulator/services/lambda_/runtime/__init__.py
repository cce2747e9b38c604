"""What runs inside a function's process: started by path with the function's interpreter, imported by nobody."""
