using FastAttn.Faults;

// FastAttn.Faults SOURCES OBJ FAULTS OUTPUT: compiles the library as it is into OUTPUT/none and once more for each line of FAULTS
// into OUTPUT/1, OUTPUT/2 …; a fault that no longer fits its file, or does not compile, leaves a file "error" there instead.
//   SOURCES   the library's folder     OBJ   its intermediate output, for what the build and its generators wrote
string sources = args[0], obj = args[1], output = args[3];
var library = new LibraryCompilation(sources, obj);
library.Emit(Path.Combine(output, "none"));
int number = 0;
foreach (Fault fault in Fault.Read(args[2]))
{
    string folder = Directory.CreateDirectory(Path.Combine(output, $"{++number}")).FullName;
    File.WriteAllText(Path.Combine(folder, "name"), fault.Name);
    try
    {
        library.With(fault).Emit(folder);
    }
    catch (InvalidOperationException error)
    {
        File.WriteAllText(Path.Combine(folder, "error"), error.Message);
    }
}
