using System.Collections.Concurrent;
using FastAttn.Faults;

// FastAttn.Faults SOURCES OBJ FAULTS TESTS WORK [WORDS]: plants each line of FAULTS alone and runs its test, which must turn red.
//   SOURCES   the library's folder     OBJ   its intermediate output, for what the build and its generators wrote
//   TESTS     the built tests          WORK  an empty folder for what is built here
//   WORDS     only the faults with these words in their names
// Prints each fault and what caught it. Last line: "faults: N passed, N failed".
var tally = new Tally();
var library = Library.Read(args[0], args[1]);
List<Fault> faults = [.. Fault.Read(args[2]).Where(fault => fault.Name.Contains(args.ElementAtOrDefault(5) ?? "", StringComparison.Ordinal) && Fits(fault))];
TestFolder built = new(args[3]), together = built.CopyTo(Path.Combine(args[4], "together"));

HashSet<Fault> asleep = [.. FaultSwitch.Emit(library, faults, together.Path)];
Console.WriteLine($"{asleep.Count} faults in one library, {faults.Count - asleep.Count} in one each");
TestRun none = together.Run(fault: 0, faults.Select(fault => fault.Test));
tally.Add(none.IsGreen, "no fault", none.IsGreen ? "all green" : $"the tests must be green before faults mean anything: {none.FirstFailed ?? none.LastLine}");

// Those that need a compilation go first: the workers end at about the same time.
Parallel.ForEach(
    Partitioner.Create([.. faults.OrderBy(asleep.Contains)], loadBalance: true),
    new ParallelOptions { MaxDegreeOfParallelism = 2 },
    fault =>
    {
        if (asleep.Contains(fault)) Try(fault, together);
        else TryAlone(fault);
    });
return tally.End();

bool Fits(Fault fault)
{
    try
    {
        return fault.Place(library.Text(fault.File)) >= 0;
    }
    catch (InvalidOperationException error)
    {
        tally.Add(false, fault.Name, error.Message);
        return false;
    }
}

void TryAlone(Fault fault)
{
    TestFolder folder = built.CopyTo(Path.Combine(args[4], $"{fault.Number}"));
    if (library.With(fault.File, fault.Plant(library.Text(fault.File))).Emit(folder.Path) is [var error, ..]) tally.Add(false, fault.Name, $"{error}");
    else Try(fault, folder);
    folder.Delete();
}

void Try(Fault fault, TestFolder folder)
{
    TestRun run = folder.Run(fault.Number, [fault.Test]);
    tally.Add(run.FirstFailed is not null, fault.Name, run switch
    {
        { FirstFailed: not null } => $"caught by {run.FirstFailed}",
        { IsGreen: true } => "no test noticed",
        _ => $"the test did not run to its end: {run.LastLine}",
    });
}
